package deepflow.oracle.budget;

/// Numbers that are not negative in half the memory: float32 times a power of two, rounded up, at most 2⁻²² of each and
/// 2⁻¹⁴⁸ of the largest above it. 0 stays 0, infinity and NaN stay what they are. A check keeps a bound beside every
/// number of a step, and memory touched for the first time costs more than computing them.
///
/// @param scaled numbers over 2^`exponent`
/// @param exponent of the largest finite number
record UpperValues(float[] scaled, int exponent) {
    /// Of numbers that are not negative.
    static UpperValues of(Loops loops, double[] values) {
        double max = loops.largestFinite(values);
        int exponent = max == 0 ? 0 : Math.max(Math.getExponent(max), Double.MIN_EXPONENT);
        // in two factors, for 2⁻ᵉ may be no double
        double half = Math.scalb(1.0, -(exponent / 2));
        double rest = Math.scalb(1.0, -(exponent - exponent / 2));
        float[] scaled = new float[values.length];
        loops.over(scaled.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                float near = (float) (values[i] * half * rest);
                scaled[i] = values[i] > 0 ? Math.nextUp(near) : near;
            }
        });
        return new UpperValues(scaled, exponent);
    }

    /// The numbers.
    ///
    /// @param into receives them
    /// @return the same
    double[] doubles(Loops loops, double[] into) {
        loops.over(scaled.length, (from, to) -> read(from, to - from, into, from));
        return into;
    }

    /// Numbers [from, from + count), into an array from an index on.
    void read(int from, int count, double[] into, int at) {
        double half = Math.scalb(1.0, exponent / 2);
        double rest = Math.scalb(1.0, exponent - exponent / 2);
        for (int i = 0; i < count; i++) {
            into[at + i] = scaled[from + i] * half * rest;
        }
    }
}

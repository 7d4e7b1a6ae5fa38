package deepflow.oracle;

/// How far one array of numbers is from another.
///
/// @param relative ‖a − o‖/max(‖o‖, scale); absolute where that is 0
/// @param largest the largest |a − o|
/// @param at its index in row-major order; −1 when there are no elements
/// @param nonFinite index of the first element that is NaN or infinite where the truth is not (or another infinity
///     than the truth); −1 if none
record Errors(double relative, double largest, int at, int nonFinite) {
    /// @param actual what was dumped
    /// @param truth what it should be, of equal length
    /// @param scale a norm to use in place of the truth's where that is smaller
    static Errors between(double[] actual, double[] truth, double scale) {
        double largest = -1;
        int at = -1;
        int nonFinite = -1;
        double[] e = new double[actual.length];
        for (int i = 0; i < actual.length; i++) {
            boolean same = actual[i] == truth[i] || Double.isNaN(actual[i]) && Double.isNaN(truth[i]);
            double d = same ? 0 : Math.abs(actual[i] - truth[i]);
            if (!Double.isFinite(actual[i]) && !same && nonFinite < 0) {
                nonFinite = i;
            }
            e[i] = d;
            if (d > largest || Double.isNaN(d) && !Double.isNaN(largest)) {
                largest = d;
                at = i;
            }
        }
        double size = Math.max(norm(truth), scale);
        double error = norm(e);
        return new Errors(size == 0 ? error : error / size, Math.max(largest, 0), at, nonFinite);
    }

    /// √Σx², without overflow or underflow on the way.
    static double norm(double[] x) {
        double max = 0;
        for (double v : x) {
            if (!Double.isFinite(v)) {
                return Double.isNaN(v) ? Double.NaN : Double.POSITIVE_INFINITY;
            }
            max = Math.max(max, Math.abs(v));
        }
        if (max == 0) {
            return 0;
        }
        int exponent = Math.getExponent(max);
        double sum = 0;
        for (double v : x) {
            double scaled = Math.scalb(v, -exponent);
            sum += scaled * scaled;
        }
        return Math.scalb(Math.sqrt(sum), exponent);
    }
}

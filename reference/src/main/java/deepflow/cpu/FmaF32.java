package deepflow.cpu;

/// As [FmaF64], for float: the product of two floats is exact in double.
final class FmaF32 {
    private FmaF32() {}

    static float fma(float a, float b, float c) {
        return Machine.FMA ? Math.fma(a, b, c) : software(a, b, c);
    }

    /// a·b + c in double, rounded to odd, which has bits enough for a second rounding to float to be right.
    static float software(float a, float b, float c) {
        double p = (double) a * b;
        double s = p + c;
        double bb = s - p;
        double error = (p - (s - bb)) + (c - bb);
        if (error > 0 || error < 0) { // neither exact nor NaN, so s is finite and not 0
            long bits = Double.doubleToRawLongBits(s);
            if ((bits & 1) == 0) {
                s = Double.longBitsToDouble(bits + ((error > 0) == (s > 0) ? 1 : -1));
            }
        }
        return (float) s;
    }
}

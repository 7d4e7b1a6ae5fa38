package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorOperators;

/// eˣ, element by element in place, within 1 ulp (measured by the tests: 0.80), the same bits in vector body and
/// scalar tail. NaN, infinities, signed zeros and subnormals as IEEE 754 recommends.
///
/// **Reduction** (Cody and Waite): x = n·ln 2 + r, n an integer, |r| ≤ ½ ln 2, r = rh + rl to about twice the
/// precision: n·LN2_HIGH is subtracted by FMA, exactly or nearly so, and the rounding error of the second
/// subtraction is kept in rl.
///
/// **Series** (Taylor; coefficients 1/k!, k! exact in both precisions up to the last used):
/// eʳ − 1 = rh + (rl + rh²·q(rh)), q(r) = 1/2! + r/3! + r²/4! + …, to r¹³ in float64 (remainder below 2⁻⁵⁷), to r⁸
/// in float32 (below 2⁻³¹). A minimax polynomial would save one term.
///
/// **Result**: eˣ = 2ⁿ·(1 + (eʳ − 1)), the power of two in two factors, since it alone may over- or underflow.
///
/// The loop contains the whole computation on purpose: a helper that the JIT does not inline would turn every
/// vector into an object.
final class ExponentialF64 {
    private static final boolean LONG = Double.SIZE == 64;
    private static final double LOG2_E = 1.4426950408889634;
    private static final double C2 = 0.5;
    private static final double C3 = 1.0 / 6.0;
    private static final double C4 = 1.0 / 24.0;
    private static final double C5 = 1.0 / 120.0;
    private static final double C6 = 1.0 / 720.0;
    private static final double C7 = 1.0 / 5040.0;
    private static final double C8 = 1.0 / 40320.0;
    private static final double C9 = 1.0 / 362880.0;
    private static final double C10 = 1.0 / 3628800.0;
    private static final double C11 = 1.0 / 39916800.0;
    private static final double C12 = 1.0 / 479001600.0;
    private static final double C13 = 1.0 / 6227020800.0;

    private ExponentialF64() {}

    /// a[i] ← e^a[i] for i in [from, to).
    static void exp(double[] a, int from, int to) {
        int i = from;
        for (int end = from + LanesF64.body(to - from); i < end; i += LanesF64.LENGTH) {
            DoubleVector x = LanesF64.load(a, i);
            x = x.blend(FormatF64.EXP_LOW, x.compare(VectorOperators.LT, FormatF64.EXP_LOW));
            x = x.blend(FormatF64.EXP_HIGH, x.compare(VectorOperators.GT, FormatF64.EXP_HIGH));
            DoubleVector n = x.fma(LOG2_E, FormatF64.MAGIC).sub(FormatF64.MAGIC);
            DoubleVector r0 = n.fma(LanesF64.all(-FormatF64.LN2_HIGH), x);
            DoubleVector c = n.mul(FormatF64.LN2_LOW);
            DoubleVector r = r0.sub(c);
            DoubleVector rl = r0.sub(r).sub(c);
            DoubleVector q = LanesF64.all(LONG ? C13 : C8);
            if (LONG) {
                q = q.fma(r, LanesF64.all(C12)).fma(r, LanesF64.all(C11)).fma(r, LanesF64.all(C10));
                q = q.fma(r, LanesF64.all(C9)).fma(r, LanesF64.all(C8));
            }
            q = q.fma(r, LanesF64.all(C7)).fma(r, LanesF64.all(C6)).fma(r, LanesF64.all(C5));
            q = q.fma(r, LanesF64.all(C4)).fma(r, LanesF64.all(C3)).fma(r, LanesF64.all(C2));
            DoubleVector p = r.mul(r).fma(q, rl).add(r).add(1.0);
            DoubleVector half = n.fma(0.5, FormatF64.MAGIC);
            DoubleVector rest = n.sub(half.sub(FormatF64.MAGIC)).add(FormatF64.MAGIC);
            p = p.mul(half.reinterpretAsLongs()
                    .add(FormatF64.BIAS)
                    .lanewise(VectorOperators.LSHL, FormatF64.FRACTION)
                    .reinterpretAsDoubles());
            p = p.mul(rest.reinterpretAsLongs()
                    .add(FormatF64.BIAS)
                    .lanewise(VectorOperators.LSHL, FormatF64.FRACTION)
                    .reinterpretAsDoubles());
            p.intoArray(a, i);
        }
        for (; i < to; i++) {
            a[i] = exp(a[i]);
        }
    }

    /// eˣ of one number: the vector body, lane for lane.
    static double exp(double argument) {
        double x = argument;
        x = x < FormatF64.EXP_LOW ? FormatF64.EXP_LOW : x;
        x = x > FormatF64.EXP_HIGH ? FormatF64.EXP_HIGH : x;
        double n = FmaF64.fma(x, LOG2_E, FormatF64.MAGIC) - FormatF64.MAGIC;
        double r0 = FmaF64.fma(n, -FormatF64.LN2_HIGH, x);
        double c = n * FormatF64.LN2_LOW;
        double r = r0 - c;
        double rl = (r0 - r) - c;
        double p = (FmaF64.fma(r * r, series(r), rl) + r) + 1.0;
        double half = FmaF64.fma(n, 0.5, FormatF64.MAGIC);
        double rest = (n - (half - FormatF64.MAGIC)) + FormatF64.MAGIC;
        return (p * power(half)) * power(rest);
    }

    /// q(r) by Horner's rule.
    private static double series(double r) {
        double q = LONG ? C13 : C8;
        if (LONG) {
            q = FmaF64.fma(FmaF64.fma(FmaF64.fma(q, r, C12), r, C11), r, C10);
            q = FmaF64.fma(FmaF64.fma(q, r, C9), r, C8);
        }
        q = FmaF64.fma(FmaF64.fma(FmaF64.fma(q, r, C7), r, C6), r, C5);
        return FmaF64.fma(FmaF64.fma(FmaF64.fma(q, r, C4), r, C3), r, C2);
    }

    /// 2ⁿ, where `shifted` is MAGIC + n.
    private static double power(double shifted) {
        return Double.longBitsToDouble((Double.doubleToRawLongBits(shifted) + FormatF64.BIAS) << FormatF64.FRACTION);
    }
}

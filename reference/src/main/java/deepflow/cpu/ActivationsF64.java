package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorOperators;

/// Functions of one tensor, element by element, forward and backward. Each method treats elements [from, to), in
/// chunks that stay in first-level cache where it needs intermediate values.
///
/// Infinities follow the formulas: silu(−∞) and gelu(−∞) are NaN (∞/∞ and ∞·0), as in PyTorch; silu(−1000) is −0.
final class ActivationsF64 {
    private static final int CHUNK = 512;
    /// 2·√(2/π), of 2u = LINEAR·x + CUBIC·x³.
    private static final double LINEAR = 1.5957691216057308;
    private static final double CUBIC = 1.5957691216057308 * 0.044715;
    private static final double CUBIC_SLOPE = 1.5957691216057308 * 0.134145;

    /// A function of elements [from, to) of x, written to y.
    interface Forward {
        void apply(double[] x, double[] y, int from, int to);
    }

    /// A gradient: of x and dy, written to dx.
    interface Backward {
        void apply(double[] x, double[] dy, double[] dx, int from, int to);
    }

    private ActivationsF64() {}

    static void sqrt(double[] x, double[] y, int from, int to) {
        int i = from;
        for (int end = from + LanesF64.body(to - from); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(x, i).sqrt()).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = LanesF64.canonical(Math.sqrt(x[i]));
        }
    }

    static void sin(double[] x, double[] y, int from, int to) {
        for (int i = from; i < to; i++) {
            y[i] = LanesF64.canonical(StrictMath.sin(x[i]));
        }
    }

    static void cos(double[] x, double[] y, int from, int to) {
        for (int i = from; i < to; i++) {
            y[i] = LanesF64.canonical(StrictMath.cos(x[i]));
        }
    }

    /// y = x / (1 + e⁻ˣ).
    static void silu(double[] x, double[] y, int from, int to) {
        double[] e = new double[CHUNK];
        for (int at = from; at < to; at += CHUNK) {
            int n = Math.min(CHUNK, to - at);
            exponentials(x, at, e, n);
            divide(x, at, e, y, n);
        }
    }

    /// Forward: y = x·σ(x). Backward: dx = dy · σ(x)·(1 + x·(1 − σ(x))), σ(x) = 1 / (1 + e⁻ˣ).
    static void siluBackward(double[] x, double[] dy, double[] dx, int from, int to) {
        double[] e = new double[CHUNK];
        for (int at = from; at < to; at += CHUNK) {
            int n = Math.min(CHUNK, to - at);
            exponentials(x, at, e, n);
            int i = 0;
            for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
                DoubleVector one = LanesF64.all(1.0);
                DoubleVector s = one.div(LanesF64.load(e, i).add(1.0));
                DoubleVector slope =
                        one.sub(s).fma(LanesF64.load(x, at + i), one).mul(s);
                LanesF64.canonical(slope.mul(LanesF64.load(dy, at + i))).intoArray(dx, at + i);
            }
            for (; i < n; i++) {
                double s = 1.0 / (e[i] + 1.0);
                double slope = FmaF64.fma(1.0 - s, x[at + i], 1.0) * s;
                dx[at + i] = LanesF64.canonical(slope * dy[at + i]);
            }
        }
    }

    /// e⁻ˣ of n elements.
    private static void exponentials(double[] x, int at, double[] e, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            LanesF64.load(x, at + i).neg().intoArray(e, i);
        }
        for (; i < n; i++) {
            e[i] = -x[at + i];
        }
        ExponentialF64.exp(e, 0, n);
    }

    /// y = ½·x·(1 + tanh u) = x / (1 + e⁻²ᵘ), u = √(2/π)·(x + 0.044715·x³). The second form needs no hyperbolic
    /// tangent, and loses nothing where 1 + tanh u would cancel.
    static void gelu(double[] x, double[] y, int from, int to) {
        double[] e = new double[CHUNK];
        for (int at = from; at < to; at += CHUNK) {
            int n = Math.min(CHUNK, to - at);
            geluExponentials(x, at, e, n);
            divide(x, at, e, y, n);
        }
    }

    /// Forward: y = x·s, s = 1 / (1 + e⁻²ᵘ), u = √(2/π)·(x + 0.044715·x³). Backward:
    /// dx = dy · (s + x·s·(1 − s)·2·√(2/π)·(1 + 3·0.044715·x²)); for x ≥ 0, where s is near 1, 1 − s is e⁻²ᵘ·s.
    static void geluBackward(double[] x, double[] dy, double[] dx, int from, int to) {
        double[] e = new double[CHUNK];
        for (int at = from; at < to; at += CHUNK) {
            int n = Math.min(CHUNK, to - at);
            geluExponentials(x, at, e, n);
            int i = 0;
            for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
                DoubleVector a = LanesF64.load(x, at + i);
                DoubleVector f = LanesF64.load(e, i);
                DoubleVector one = LanesF64.all(1.0);
                DoubleVector s = one.div(f.add(1.0));
                DoubleVector rest = one.sub(s).blend(f.mul(s), a.compare(VectorOperators.GE, 0.0));
                DoubleVector du = a.mul(a).fma(LanesF64.all(CUBIC_SLOPE), LanesF64.all(LINEAR));
                DoubleVector slope = a.mul(s).mul(rest).fma(du, s);
                LanesF64.canonical(slope.mul(LanesF64.load(dy, at + i))).intoArray(dx, at + i);
            }
            for (; i < n; i++) {
                double a = x[at + i];
                double s = 1.0 / (e[i] + 1.0);
                double rest = a >= 0.0 ? e[i] * s : 1.0 - s;
                double du = FmaF64.fma(a * a, CUBIC_SLOPE, LINEAR);
                double slope = FmaF64.fma((a * s) * rest, du, s);
                dx[at + i] = LanesF64.canonical(slope * dy[at + i]);
            }
        }
    }

    /// e⁻²ᵘ of n elements, 2u = x·(LINEAR + CUBIC·x²).
    private static void geluExponentials(double[] x, int at, double[] e, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            DoubleVector a = LanesF64.load(x, at + i);
            DoubleVector factor = a.mul(a).fma(LanesF64.all(-CUBIC), LanesF64.all(-LINEAR));
            factor.mul(a).intoArray(e, i);
        }
        for (; i < n; i++) {
            double a = x[at + i];
            e[i] = FmaF64.fma(a * a, -CUBIC, -LINEAR) * a;
        }
        ExponentialF64.exp(e, 0, n);
    }

    /// y = x / (1 + e) of n elements.
    private static void divide(double[] x, int at, double[] e, double[] y, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(x, at + i).div(LanesF64.load(e, i).add(1.0)))
                    .intoArray(y, at + i);
        }
        for (; i < n; i++) {
            y[at + i] = LanesF64.canonical(x[at + i] / (e[i] + 1.0));
        }
    }

    /// y = min(max(x, low), high), by comparison: a zero within the bounds keeps its sign, NaN stays NaN.
    static void clamp(double[] x, double low, double high, double[] y, int from, int to) {
        int i = from;
        for (int end = from + LanesF64.body(to - from); i < end; i += LanesF64.LENGTH) {
            DoubleVector a = LanesF64.load(x, i);
            a = a.blend(low, a.compare(VectorOperators.LT, low)).blend(high, a.compare(VectorOperators.GT, high));
            a.intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = x[i] < low ? low : x[i] > high ? high : x[i];
        }
    }

    /// Forward: y = min(max(x, low), high). Backward: dx = dy where low ≤ x ≤ high, else 0.
    static void clampBackward(double[] x, double low, double high, double[] dy, double[] dx, int from, int to) {
        int i = from;
        for (int end = from + LanesF64.body(to - from); i < end; i += LanesF64.LENGTH) {
            DoubleVector a = LanesF64.load(x, i);
            LanesF64.all(0.0)
                    .blend(
                            LanesF64.load(dy, i),
                            a.compare(VectorOperators.GE, low).and(a.compare(VectorOperators.LE, high)))
                    .intoArray(dx, i);
        }
        for (; i < to; i++) {
            dx[i] = low <= x[i] && x[i] <= high ? dy[i] : 0.0;
        }
    }
}

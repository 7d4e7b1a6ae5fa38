package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorOperators;

/// Functions of one tensor, element by element, forward and backward. Each method treats elements [from, to), in
/// chunks that stay in first-level cache where it needs intermediate values.
///
/// Infinities follow the formulas: silu(−∞) and gelu(−∞) are NaN (∞/∞ and ∞·0), as in PyTorch; silu(−1000) is −0.
final class ActivationsF64 {
    private static final int CHUNK = 512;
    private static final double ROOT_2_OVER_PI = 0.7978845608028654;
    private static final double CUBIC = 0.044715;
    private static final double CUBIC_SLOPE = 3 * 0.044715;

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
            int i = 0;
            for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
                LanesF64.canonical(
                                LanesF64.load(x, at + i).div(LanesF64.load(e, i).add(1.0)))
                        .intoArray(y, at + i);
            }
            for (; i < n; i++) {
                y[at + i] = LanesF64.canonical(x[at + i] / (e[i] + 1.0));
            }
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

    /// y = ½·x·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³).
    static void gelu(double[] x, double[] y, int from, int to) {
        double[] t = new double[CHUNK];
        for (int at = from; at < to; at += CHUNK) {
            int n = Math.min(CHUNK, to - at);
            tanhs(x, at, t, n);
            int i = 0;
            for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
                DoubleVector half = LanesF64.load(x, at + i).mul(0.5);
                LanesF64.canonical(LanesF64.load(t, i).add(1.0).mul(half)).intoArray(y, at + i);
            }
            for (; i < n; i++) {
                y[at + i] = LanesF64.canonical((t[i] + 1.0) * (x[at + i] * 0.5));
            }
        }
    }

    /// Forward: y = ½·x·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³). Backward:
    /// dx = dy · (½·(1 + tanh u) + ½·x·(1 − tanh² u)·√(2/π)·(1 + 3·0.044715·x²)).
    static void geluBackward(double[] x, double[] dy, double[] dx, int from, int to) {
        double[] t = new double[CHUNK];
        for (int at = from; at < to; at += CHUNK) {
            int n = Math.min(CHUNK, to - at);
            tanhs(x, at, t, n);
            int i = 0;
            for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
                DoubleVector a = LanesF64.load(x, at + i);
                DoubleVector th = LanesF64.load(t, i);
                DoubleVector du = a.mul(a).fma(CUBIC_SLOPE, 1.0).mul(ROOT_2_OVER_PI);
                DoubleVector one = LanesF64.all(1.0);
                DoubleVector rest = th.neg().fma(th, one).mul(a.mul(0.5));
                DoubleVector slope = rest.fma(du, th.add(1.0).mul(0.5));
                LanesF64.canonical(slope.mul(LanesF64.load(dy, at + i))).intoArray(dx, at + i);
            }
            for (; i < n; i++) {
                double a = x[at + i];
                double du = FmaF64.fma(a * a, CUBIC_SLOPE, 1.0) * ROOT_2_OVER_PI;
                double rest = FmaF64.fma(-t[i], t[i], 1.0) * (a * 0.5);
                double slope = FmaF64.fma(rest, du, (t[i] + 1.0) * 0.5);
                dx[at + i] = LanesF64.canonical(slope * dy[at + i]);
            }
        }
    }

    /// tanh u of n elements, u = √(2/π)·(x + 0.044715·x³).
    private static void tanhs(double[] x, int at, double[] t, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            DoubleVector a = LanesF64.load(x, at + i);
            a.mul(a).mul(a).fma(LanesF64.all(CUBIC), a).mul(ROOT_2_OVER_PI).intoArray(t, i);
        }
        for (; i < n; i++) {
            double a = x[at + i];
            t[i] = FmaF64.fma((a * a) * a, CUBIC, a) * ROOT_2_OVER_PI;
        }
        ExponentialF64.tanh(t, 0, n);
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

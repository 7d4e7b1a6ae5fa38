package deepflow.oracle.budget;

import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.AdamWStep;

/// How far another implementation of one AdamW step may be off, element by element, when it starts from the same
/// recorded numbers ([AdamWStep], SPEC §6), whatever it stores in between in the narrowest of its types.
///
/// New moments are bounded from the gradient and the old ones; the new weight from the new moments that were recorded,
/// since from the old ones it is ill-conditioned: where v is near 0, a gradient that is right to all its digits makes
/// a weight that is right to none.
///
/// @param step constants
/// @param narrow the narrowest type that the step's tensors were recorded in
public record AdamWBounds(AdamWStep step, FloatFormat narrow) {
    /// Roundings between recorded numbers: each operation of m ← β₁m + (1−β₁)g and of the others, and their constants.
    private static final int ROUNDINGS = 4;

    /// Results, and how far each may be off.
    ///
    /// @param values exact from the recorded numbers
    /// @param bounds of their errors
    public record Bounded(double[] values, double[] bounds) {}

    private double unit() {
        return narrow.unit() + FloatFormat.F64.unit();
    }

    /// What 1 − c is off where c is a constant of the step: the complement of a rounded number is off by that number's
    /// rounding, however small it is itself.
    private double complement() {
        return Math.min(unit(), FloatFormat.F32.unit());
    }

    private double power(double beta) {
        return StrictMath.pow(beta, step.step());
    }

    /// The relative error of 1 − βⁿ, which cancels, and may have been computed in the accumulator's type: of β it has n
    /// times the rounding.
    private double biasError(double beta) {
        FloatFormat wide = narrow == FloatFormat.F64 ? FloatFormat.F64 : FloatFormat.F32;
        return wide.unit() * (2 + step.step() * power(beta)) / (1 - power(beta));
    }

    /// Gradients after clipping.
    ///
    /// @param g recorded gradients
    /// @param factor they are multiplied by
    /// @param off relative error of the factor
    public Bounded clipped(double[] g, double factor, double off) {
        double[] values = new double[g.length];
        double[] bounds = new double[g.length];
        for (int i = 0; i < g.length; i++) {
            values[i] = factor * g[i];
            bounds[i] =
                    off == 0 && factor == 1 ? 0 : (off + unit() * (1 + off)) * Math.abs(values[i]) + narrow.underflow();
        }
        return new Bounded(values, bounds);
    }

    /// m ← β₁m + (1−β₁)g.
    public Bounded firstMoment(double[] m, Bounded g) {
        double b = step.beta1();
        double[] values = new double[m.length];
        double[] bounds = new double[m.length];
        for (int i = 0; i < m.length; i++) {
            double size = Math.abs(g.values()[i]) + g.bounds()[i];
            values[i] = b * m[i] + (1 - b) * g.values()[i];
            bounds[i] = (1 - b) * g.bounds()[i]
                    + ROUNDINGS * unit() * (Math.abs(m[i]) + (1 - b) * size)
                    + complement() * size
                    + ROUNDINGS * narrow.underflow();
        }
        return new Bounded(values, bounds);
    }

    /// v ← β₂v + (1−β₂)g².
    public Bounded secondMoment(double[] v, Bounded g) {
        double b = step.beta2();
        double[] values = new double[v.length];
        double[] bounds = new double[v.length];
        for (int i = 0; i < v.length; i++) {
            double size = Math.abs(g.values()[i]) + g.bounds()[i];
            double square = g.values()[i] * g.values()[i];
            values[i] = b * v[i] + (1 - b) * square;
            bounds[i] = (1 - b) * (size * size - square)
                    + ROUNDINGS * unit() * (v[i] + (1 - b) * size * size)
                    + complement() * size * size
                    + ROUNDINGS * narrow.underflow();
        }
        return new Bounded(values, bounds);
    }

    /// w ← w − lr·weightDecay·w − lr·(m/(1−β₁ⁿ)) / (√(v/(1−β₂ⁿ)) + ε).
    ///
    /// @param w before the step
    /// @param m first moment after it, as recorded: rounded once from what it was
    /// @param v second moment after it, as recorded
    public Bounded weight(double[] w, double[] m, double[] v) {
        double u = unit();
        double least = narrow.underflow();
        double bias1 = 1 - power(step.beta1());
        double root2 = Math.sqrt(1 - power(step.beta2()));
        double rate = step.lr() / bias1;
        double biases = biasError(step.beta1()) + biasError(step.beta2()) / 2; // of a root
        double[] values = new double[w.length];
        double[] bounds = new double[w.length];
        for (int i = 0; i < w.length; i++) {
            double dm = u * Math.abs(m[i]) + least;
            double dv = u * Math.abs(v[i]) + least;
            double root = Math.sqrt(Math.max(0, v[i]));
            double most = Math.sqrt(Math.max(0, v[i]) + dv);
            double fewest = Math.sqrt(Math.max(0, v[i] - dv));
            double down = root / root2 + step.eps();
            // ε itself may vanish in a narrow type
            double off = (Math.max(most - root, root - fewest) + ROUNDINGS * u * most) / root2 + u * down + 2 * least;
            double q = m[i] / down;
            double dq = down > off ? (dm + Math.abs(q) * off) / (down - off) : Double.POSITIVE_INFINITY;
            values[i] = w[i] - step.lr() * step.weightDecay() * w[i] - rate * q;
            bounds[i] = rate * (dq + (biases + ROUNDINGS * u) * (Math.abs(q) + dq))
                    + u * ((step.weightDecay() == 0 ? 0 : 2 * Math.abs(w[i])) + Math.abs(values[i]))
                    + ROUNDINGS * least;
        }
        return new Bounded(values, bounds);
    }

    /// e ← decay·e + (1 − decay)·w.
    ///
    /// @param w after the step, as recorded
    public Bounded average(double[] e, double[] w, double decay) {
        double[] values = new double[e.length];
        double[] bounds = new double[e.length];
        for (int i = 0; i < e.length; i++) {
            values[i] = decay * e[i] + (1 - decay) * w[i];
            // w may have been kept wider than it was recorded
            bounds[i] = ROUNDINGS * unit() * (Math.abs(decay * e[i]) + (1 - decay) * Math.abs(w[i]))
                    + complement() * Math.abs(w[i])
                    + ROUNDINGS * narrow.underflow();
        }
        return new Bounded(values, bounds);
    }
}

package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;

/// What an optimizer does to parameters, in place, elements [from, to).
final class OptimizerF64 {
    private OptimizerF64() {}

    /// m ← β₁m + (1−β₁)g, v ← β₂v + ((1−β₂)g)g, w ← (w − lr·weightDecay·w) − (lr/(1−β₁ⁿ)·m) / (√v/√(1−β₂ⁿ) + ε),
    /// each operation rounded, no FMA.
    static void adamW(double[] w, double[] g, double[] m, double[] v, AdamWFactors k, int from, int to) {
        double keep1 = FormatF64.round(k.keep1());
        double take1 = FormatF64.round(k.take1());
        double keep2 = FormatF64.round(k.keep2());
        double take2 = FormatF64.round(k.take2());
        double decay = FormatF64.round(k.decay());
        double size = FormatF64.round(k.size());
        double root = FormatF64.round(k.root());
        double eps = FormatF64.round(k.eps());
        int i = from;
        for (int end = from + LanesF64.body(to - from); i < end; i += LanesF64.LENGTH) {
            DoubleVector dw = LanesF64.load(g, i);
            DoubleVector first = LanesF64.load(m, i).mul(keep1).add(dw.mul(take1));
            DoubleVector second =
                    LanesF64.load(v, i).mul(keep2).add(dw.mul(take2).mul(dw));
            DoubleVector weight = LanesF64.load(w, i);
            DoubleVector step = first.mul(size).div(second.sqrt().div(root).add(eps));
            LanesF64.canonical(first).intoArray(m, i);
            LanesF64.canonical(second).intoArray(v, i);
            LanesF64.canonical(weight.sub(weight.mul(decay)).sub(step)).intoArray(w, i);
        }
        for (; i < to; i++) {
            double first = m[i] * keep1 + g[i] * take1;
            double second = v[i] * keep2 + (g[i] * take2) * g[i];
            double step = (first * size) / (Math.sqrt(second) / root + eps);
            m[i] = LanesF64.canonical(first);
            v[i] = LanesF64.canonical(second);
            w[i] = LanesF64.canonical((w[i] - w[i] * decay) - step);
        }
    }

    /// target ← decay·target + (1 − decay)·x; the second factor is computed in the type, where it is exact for
    /// decay ≥ ½: the factors add up to 1.
    static void average(double[] target, double[] x, double decay, int from, int to) {
        double rest = 1.0 - decay;
        int i = from;
        for (int end = from + LanesF64.body(to - from); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(target, i)
                            .mul(decay)
                            .add(LanesF64.load(x, i).mul(rest)))
                    .intoArray(target, i);
        }
        for (; i < to; i++) {
            target[i] = LanesF64.canonical(target[i] * decay + x[i] * rest);
        }
    }
}

package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;

/// What an optimizer does to parameters, in place, elements [from, to).
final class OptimizerF64 {
    /// Elements on which all of a training step is done before the next: they stay in first-level cache.
    private static final int CHUNK = 512;

    private OptimizerF64() {}

    /// [#adamW] with the gradient times a factor, then [#average] of w into ema.
    static void train(
            double[] w,
            double[] g,
            double factor,
            double[] m,
            double[] v,
            double[] ema,
            AdamWFactors k,
            double decay,
            int from,
            int to) {
        double[] clipped = new double[CHUNK];
        for (int at = from; at < to; at += CHUNK) {
            int n = Math.min(CHUNK, to - at);
            int i = 0;
            for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
                LanesF64.load(g, at + i).mul(factor).intoArray(clipped, i);
            }
            for (; i < n; i++) {
                clipped[i] = g[at + i] * factor;
            }
            adamW(w, clipped, -at, m, v, k, at, at + n);
            average(ema, w, decay, at, at + n);
        }
    }

    /// m ← β₁m + (1−β₁)g, v ← β₂v + ((1−β₂)g)g, w ← (w − lr·weightDecay·w) − (lr/(1−β₁ⁿ)·m) / (√v/√(1−β₂ⁿ) + ε),
    /// each operation rounded, no FMA.
    ///
    /// @param go where the gradient of element i is: g[go + i]
    static void adamW(double[] w, double[] g, int go, double[] m, double[] v, AdamWFactors k, int from, int to) {
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
            DoubleVector dw = LanesF64.load(g, go + i);
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
            double dw = g[go + i];
            double first = m[i] * keep1 + dw * take1;
            double second = v[i] * keep2 + (dw * take2) * dw;
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

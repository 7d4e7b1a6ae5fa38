package deepflow.oracle.zoo;

import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;

/// GELU with the error function: x·Φ(x), the form that is not this model's.
final class ErfGelu {
    /// From here on Φ is 1 in float64.
    private static final double FAR = 9;

    /// Forward and backward.
    static final Alteration ALTERATION = new Alteration() {
        @Override
        public Tensor gelu(Backend b, Tensor x) {
            return Formulas.map(b, x, v -> v * normal(v));
        }

        @Override
        public Tensor geluBackward(Backend b, Tensor x, Tensor dy) {
            return b.multiply(dy, Formulas.map(b, x, v -> normal(v) + v * density(v)));
        }
    };

    private ErfGelu() {}

    private static double density(double x) {
        return StrictMath.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    }

    /// Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …): all terms have one sign (Marsaglia 2004).
    private static double normal(double x) {
        if (Double.isNaN(x) || Math.abs(x) > FAR) {
            return Double.isNaN(x) ? x : x > 0 ? 1 : 0;
        }
        double term = x;
        double sum = x;
        for (int n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
            term *= x * x / n;
            sum += term;
        }
        return 0.5 + density(x) * sum;
    }
}

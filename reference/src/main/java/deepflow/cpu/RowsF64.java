package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;

/// Operations on rows of `d` neighbouring elements: layer normalisation and softmax, forward and backward. Each
/// method treats rows [from, to); sums as in [RowSumsF64].
final class RowsF64 {
    private RowsF64() {}

    /// y = (x − mean)·rstd, rstd = 1/√(variance + ε), variance = mean((x − mean)²).
    static void layerNorm(double[] x, double eps, double[] y, double[] rstd, int d, int from, int to) {
        double[] lanes = RowSumsF64.room();
        for (int r = from; r < to; r++) {
            int o = r * d;
            double mean = RowSumsF64.sum(x, o, d, lanes) / d;
            subtract(x, o, mean, y, d);
            double variance = RowSumsF64.dot(y, o, y, o, d, lanes) / d;
            double scale = 1.0 / Math.sqrt(variance + eps);
            rstd[r] = LanesF64.canonical(scale);
            multiply(y, o, scale, d);
        }
    }

    /// Forward: y = (x − mean)·rstd. Backward: dx = rstd·((dy − mean(dy)) − y·mean(dy·y)).
    static void layerNormBackward(double[] y, double[] rstd, double[] dy, double[] dx, int d, int from, int to) {
        double[] lanes = RowSumsF64.room();
        for (int r = from; r < to; r++) {
            int o = r * d;
            double mean = RowSumsF64.sum(dy, o, d, lanes) / d;
            double slope = -(RowSumsF64.dot(dy, o, y, o, d, lanes) / d);
            double scale = rstd[r];
            int i = o;
            for (int end = o + LanesF64.body(d); i < end; i += LanesF64.LENGTH) {
                DoubleVector g = LanesF64.load(dy, i).sub(mean);
                g = LanesF64.load(y, i).fma(LanesF64.all(slope), g);
                LanesF64.canonical(g.mul(scale)).intoArray(dx, i);
            }
            for (; i < o + d; i++) {
                dx[i] = LanesF64.canonical(FmaF64.fma(y[i], slope, dy[i] - mean) * scale);
            }
        }
    }

    /// y = eˣ⁻ᵐ / Σ eˣ⁻ᵐ, m = max x. A NaN in the row makes the sum, and so the row, NaN. y may be x.
    static void softmax(double[] x, double[] y, int d, int from, int to) {
        double[] lanes = RowSumsF64.room();
        for (int r = from; r < to; r++) {
            int o = r * d;
            subtract(x, o, RowSumsF64.max(x, o, d, lanes), y, d);
            ExponentialF64.exp(y, o, o + d);
            double sum = RowSumsF64.sum(y, o, d, lanes);
            int i = o;
            for (int end = o + LanesF64.body(d); i < end; i += LanesF64.LENGTH) {
                LanesF64.canonical(LanesF64.load(y, i).div(sum)).intoArray(y, i);
            }
            for (; i < o + d; i++) {
                y[i] = LanesF64.canonical(y[i] / sum);
            }
        }
    }

    /// Forward: y = softmax x. Backward: dx = y·(dy − Σ dy·y). dx may be dy.
    static void softmaxBackward(double[] y, double[] dy, double[] dx, int d, int from, int to) {
        double[] lanes = RowSumsF64.room();
        for (int r = from; r < to; r++) {
            int o = r * d;
            double dot = RowSumsF64.dot(dy, o, y, o, d, lanes);
            int i = o;
            for (int end = o + LanesF64.body(d); i < end; i += LanesF64.LENGTH) {
                LanesF64.canonical(LanesF64.load(dy, i).sub(dot).mul(LanesF64.load(y, i)))
                        .intoArray(dx, i);
            }
            for (; i < o + d; i++) {
                dx[i] = LanesF64.canonical((dy[i] - dot) * y[i]);
            }
        }
    }

    /// y ← x − c, one row; NaNs as they come.
    private static void subtract(double[] x, int o, double c, double[] y, int d) {
        int i = o;
        for (int end = o + LanesF64.body(d); i < end; i += LanesF64.LENGTH) {
            LanesF64.load(x, i).sub(c).intoArray(y, i);
        }
        for (; i < o + d; i++) {
            y[i] = x[i] - c;
        }
    }

    /// y ← y·c, one row.
    static void multiply(double[] y, int o, double c, int d) {
        int i = o;
        for (int end = o + LanesF64.body(d); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(y, i).mul(c)).intoArray(y, i);
        }
        for (; i < o + d; i++) {
            y[i] = LanesF64.canonical(y[i] * c);
        }
    }
}

package deepflow.oracle.emulation;

import deepflow.tensor.Backend;

/// LayerNorm and softmax, forward and backward, rounded to the accumulator's type after each of their steps, as
/// kernels compute them. Arrays hold rows of equal width side by side; rounding to the result's type is the caller's.
///
/// @param rounding how
/// @param wide the accumulator's type
/// @param arrays has arrays that are idle
record RoundedRows(Rounding rounding, FloatFormat wide, Backend arrays) {
    private double r(double x) {
        return rounding.round(wide, x);
    }

    private void r(double[] x, int at, int width) {
        rounding.round(wide, x, at, at + width);
    }

    /// (x − mean)·rstd; `rstd` receives 1/√(variance + ε) of each row.
    double[] layerNorm(double[] x, int width, double eps, double[] rstd) {
        double[] y = arrays.array(x.length);
        for (int row = 0; row < rstd.length; row++) {
            int at = row * width;
            double sum = 0;
            for (int i = at; i < at + width; i++) {
                sum += x[i];
            }
            double mean = r(sum / width);
            for (int i = at; i < at + width; i++) {
                y[i] = x[i] - mean;
            }
            r(y, at, width);
            double squares = 0;
            for (int i = at; i < at + width; i++) {
                squares += y[i] * y[i];
            }
            rstd[row] = r(1 / Math.sqrt(r(squares / width) + eps));
            for (int i = at; i < at + width; i++) {
                y[i] *= rstd[row];
            }
            r(y, at, width);
        }
        return y;
    }

    /// rstd·(dy − mean(dy) − y·mean(dy·y)).
    double[] layerNormBackward(double[] y, double[] rstd, double[] dy, int width) {
        double[] dx = arrays.array(y.length);
        double[] projected = new double[width];
        for (int row = 0; row < rstd.length; row++) {
            int at = row * width;
            double sum = 0;
            double product = 0;
            for (int i = at; i < at + width; i++) {
                sum += dy[i];
                product += dy[i] * y[i];
            }
            double mean = r(sum / width);
            double slope = r(product / width);
            for (int i = at; i < at + width; i++) {
                dx[i] = dy[i] - mean;
                projected[i - at] = y[i] * slope;
            }
            r(dx, at, width);
            r(projected, 0, width);
            for (int i = at; i < at + width; i++) {
                dx[i] -= projected[i - at];
            }
            r(dx, at, width);
            for (int i = at; i < at + width; i++) {
                dx[i] *= rstd[row];
            }
            r(dx, at, width);
        }
        return dx;
    }

    /// eˣ⁻ᵐ / Σ eˣ⁻ᵐ.
    double[] softmax(double[] x, int width) {
        double[] y = arrays.array(x.length);
        for (int at = 0; at < x.length; at += width) {
            double max = Double.NEGATIVE_INFINITY;
            for (int i = at; i < at + width; i++) {
                max = Math.max(max, x[i]);
            }
            for (int i = at; i < at + width; i++) {
                y[i] = x[i] - max;
            }
            r(y, at, width);
            for (int i = at; i < at + width; i++) {
                y[i] = StrictMath.exp(y[i]);
            }
            r(y, at, width);
            double sum = 0;
            for (int i = at; i < at + width; i++) {
                sum += y[i];
            }
            sum = r(sum);
            for (int i = at; i < at + width; i++) {
                y[i] /= sum;
            }
            r(y, at, width);
        }
        return y;
    }

    /// y·(dy − Σ dy·y).
    double[] softmaxBackward(double[] y, double[] dy, int width) {
        return softmaxBackward(y, dy, width, dots(dy, y, width));
    }

    /// y·(dy − s) with a number s for each row.
    double[] softmaxBackward(double[] y, double[] dy, int width, double[] s) {
        double[] dx = arrays.array(y.length);
        for (int row = 0; width > 0 && row < s.length; row++) {
            int at = row * width;
            for (int i = at; i < at + width; i++) {
                dx[i] = dy[i] - s[row];
            }
            r(dx, at, width);
            for (int i = at; i < at + width; i++) {
                dx[i] *= y[i];
            }
            r(dx, at, width);
        }
        return dx;
    }

    /// Σ a·b of each row.
    double[] dots(double[] a, double[] b, int width) {
        double[] sums = new double[width == 0 ? 0 : a.length / width];
        for (int row = 0; row < sums.length; row++) {
            double sum = 0;
            for (int i = row * width; i < (row + 1) * width; i++) {
                sum += a[i] * b[i];
            }
            sums[row] = r(sum);
        }
        return sums;
    }
}

package deepflow.oracle.budget;

import deepflow.tensor.Backend;

/// What LayerNorm and softmax, forward and backward, make of their inputs' errors, and what they add of their own.
/// Arrays hold rows of equal width side by side. Rounding to the result's type is not in these bounds.
///
/// @param sums the accumulator
/// @param width elements of a row
/// @param loops over rows
/// @param arrays has arrays that are idle
record RowBounds(Accumulation sums, int width, Loops loops, Backend arrays) {
    /// Roundings of a handful of steps of one element, beside the sums.
    private static final int STEPS = 6;

    private double gamma(double[] all) {
        return sums.gamma(width, Math.max(1, all.length)) + STEPS * sums.unit();
    }

    /// With ρ = rstd·√mean(δ²), A = min(rstd·mean(|y|·δ), ρ) and rstd′ of the other implementation's input
    ///
    ///     |rstd′/rstd − 1| ≤ (2A + ρ²)/((2 − ρ)(1 − ρ))
    ///     |y′ − y| ≤ rstd·(δ + mean δ)/(1 − ρ) + |y|·|rstd′/rstd − 1|
    ///
    /// since (variance′ + ε)/(variance + ε) is 1 + 2·rstd·mean(y·(x′ − x)) + ρ² at most in size, and no less than
    /// (1 − ρ)². From ρ = 1 on the errors may be all that there is of a row: no bound.
    ///
    /// @param x input
    /// @param dx its error
    /// @param y result
    /// @param rstd 1/√(variance + ε) of each row
    /// @param rstdBound receives the error of `rstd`
    double[] layerNorm(double[] x, double[] dx, double[] y, double[] rstd, double[] rstdBound) {
        double[] bound = arrays.array(y.length);
        double g = gamma(y);
        loops.overRows(rstd.length, width, row -> {
            int at = row * width;
            double mean = 0;
            double slope = 0;
            double square = 0;
            double size = 0;
            for (int i = at; i < at + width; i++) {
                mean += dx[i];
                slope += Math.abs(y[i]) * dx[i];
                square += dx[i] * dx[i];
                size += Math.abs(x[i]);
            }
            mean /= width;
            slope /= width;
            size /= width;
            double rho = rstd[row] * Math.sqrt(square / width);
            boolean bounded = rho < 1;
            double off = (2 * Math.min(rstd[row] * slope, rho) + rho * rho) / ((2 - rho) * (1 - rho)); // of rstd
            rstdBound[row] = bounded ? rstd[row] * (off + g + 2 * rstd[row] * g * size) : Double.POSITIVE_INFINITY;
            for (int i = at; i < at + width; i++) {
                double inherited = bounded
                        ? rstd[row] * (dx[i] + mean) / (1 - rho) + Math.abs(y[i]) * off
                        : Double.POSITIVE_INFINITY;
                // the mean is off by g·mean|x|, each difference by u·(|x| + |mean|), rstd by g
                double own = rstd[row] * (g * size + STEPS * sums.unit() * Math.abs(x[i])) * (1 + Math.abs(y[i]))
                        + g * Math.abs(y[i]);
                bound[i] = inherited + own;
            }
        });
        return bound;
    }

    /// |mean|·rstd of each row: how many standard deviations the mean is from 0.
    double[] means(double[] x, double[] rstd) {
        double[] means = new double[rstd.length];
        loops.overRows(rstd.length, width, row -> {
            double sum = 0;
            for (int i = row * width; i < (row + 1) * width; i++) {
                sum += x[i];
            }
            means[row] = Math.abs(sum) / width * rstd[row];
        });
        return means;
    }

    /// Adds what rows (x − mean)·rstd are off when mean and rstd are rounded.
    ///
    /// @param means as [#means] gave them
    /// @param unit u of their type
    void addStatistics(double[] yBound, double[] y, double[] means, double unit) {
        loops.over(y.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                yBound[i] += unit * (Math.abs(y[i]) + (1 + unit) * means[i / width]);
            }
        });
    }

    /// dx = rstd·(dy − mean(dy) − y·mean(dy·y)).
    double[] layerNormBackward(
            double[] y, double[] yBound, double[] rstd, double[] rstdBound, double[] dy, double[] dyBound) {
        double[] bound = arrays.array(y.length);
        double g = gamma(y);
        loops.overRows(rstd.length, width, row -> {
            int at = row * width;
            double sizeDy = 0;
            double sizeProduct = 0;
            double mean = 0;
            double slope = 0;
            for (int i = at; i < at + width; i++) {
                sizeDy += Math.abs(dy[i]);
                sizeProduct += Math.abs(dy[i] * y[i]);
                mean += dyBound[i];
                slope += dyBound[i] * (Math.abs(y[i]) + yBound[i]) + Math.abs(dy[i]) * yBound[i];
            }
            sizeDy /= width;
            sizeProduct /= width;
            mean /= width;
            slope /= width;
            for (int i = at; i < at + width; i++) {
                double size = Math.abs(dy[i]) + sizeDy + Math.abs(y[i]) * sizeProduct;
                double inherited = dyBound[i] + mean + (Math.abs(y[i]) + yBound[i]) * slope + yBound[i] * sizeProduct;
                bound[i] = (rstd[row] + rstdBound[row]) * (inherited + g * size) + rstdBound[row] * size;
            }
        });
        return bound;
    }

    /// Errors of the arguments change a probability by a factor e^{δᵢ + max δ} at most; the argument's own rounding,
    /// before the exponential, by |x − max|·u.
    double[] softmax(double[] x, double[] dx, double[] y) {
        double[] bound = arrays.array(y.length);
        double g = gamma(y);
        loops.overRows(y.length / width, width, row -> {
            int at = row * width;
            double worst = 0;
            double max = Double.NEGATIVE_INFINITY;
            double spread = 0;
            for (int i = at; i < at + width; i++) {
                worst = Math.max(worst, dx[i]);
                max = Math.max(max, x[i]);
            }
            for (int i = at; i < at + width; i++) {
                spread += y[i] * (max - x[i]);
            }
            for (int i = at; i < at + width; i++) {
                double argument = sums.unit() * (max - x[i] + spread);
                bound[i] = y[i] * Math.expm1(dx[i] + worst + argument + g);
            }
        });
        return bound;
    }

    /// dx = y·(dy − Σ dy·y).
    double[] softmaxBackward(double[] y, double[] yBound, double[] dy, double[] dyBound) {
        double[] bound = arrays.array(y.length);
        double g = gamma(y);
        loops.overRows(y.length / width, width, row -> {
            int at = row * width;
            double sum = 0;
            double size = 0;
            double error = 0;
            for (int i = at; i < at + width; i++) {
                sum += dy[i] * y[i];
                size += Math.abs(dy[i] * y[i]);
                error += dyBound[i] * (y[i] + yBound[i]) + Math.abs(dy[i]) * yBound[i];
            }
            for (int i = at; i < at + width; i++) {
                bound[i] = yBound[i] * Math.abs(dy[i] - sum)
                        + (y[i] + yBound[i]) * (dyBound[i] + error + g * (Math.abs(dy[i]) + size));
            }
        });
        return bound;
    }
}

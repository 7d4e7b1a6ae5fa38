package deepflow.oracle;

import deepflow.oracle.budget.PredictionLimit;
import deepflow.tensor.Shape;

/// The root mean square of each element over several runs, from sums of squares.
///
/// A few runs tell an element's variance v badly: with R of them ln v has a variance of ψ₁(R/2), about 2/R, of its own.
/// So ln v is moved towards its mean m over the row (the last axis; the whole tensor where rows are short), by as much
/// as the elements of a row differ no more than that: m + (ln v − m)·max(0, 1 − ψ₁(R/2)/variance of ln v within rows).
final class Spread {
    /// Elements below which a row's mean is none.
    private static final int SHORT = 8;
    /// Of its row's mean square: less than that is not taken for an element's own.
    private static final double LEAST = 1e-3;

    /// Sums of squares in units of `scale`², since they may be smaller than any float.
    private float[] sums = {};

    private final int elements;
    private int runs;
    private double scale;

    Spread(int elements) {
        this.elements = elements;
    }

    /// Whether there were no errors yet: those that come next are given as a whole.
    boolean isEmpty() {
        return scale == 0;
    }

    /// Adds elements [from, to) of a run's errors; a run is over with its last element.
    ///
    /// @param errors all of them, those before `to` at least
    void add(double[] errors, int from, int to) {
        runs += to == elements ? 1 : 0;
        if (scale == 0) {
            scale = Norm.of(errors).value() / Math.sqrt(Math.max(1, errors.length));
        }
        if (scale == 0) {
            return;
        }
        if (sums.length < elements) {
            sums = new float[elements]; // not before it is needed: it is memory touched for the first time
        }
        double factor = 1 / scale;
        for (int i = from; i < to; i++) {
            double e = errors[i] * factor;
            sums[i] += (float) (e * e);
        }
    }

    /// √ of the smoothed mean square of each element; 0 without runs.
    double[] deviations(Shape shape) {
        double[] logs = new double[elements];
        if (runs == 0 || scale == 0 || logs.length == 0) {
            return logs;
        }
        int last = shape.rank() == 0 ? 1 : shape.dim(-1);
        int width = last < SHORT ? logs.length : last;
        double[] means = new double[logs.length / width];
        double noise = PredictionLimit.varianceOfLogarithm(runs);
        double weight = Math.max(0, 1 - noise / logarithms(logs, means, width));
        for (int i = 0; i < logs.length; i++) {
            double mean = means[i / width];
            logs[i] = scale * Math.exp((mean + weight * (logs[i] - mean)) / 2);
        }
        return logs;
    }

    /// Logarithms of the mean squares, less what they are off on average.
    ///
    /// @param means receives their means over rows
    /// @return their variance within rows
    private double logarithms(double[] logs, double[] means, int width) {
        double variance = 0;
        for (int row = 0; row < means.length; row++) {
            int from = row * width;
            double average = 0;
            for (int i = from; i < from + width; i++) {
                average += sums[i] / runs / width;
            }
            for (int i = from; i < from + width; i++) {
                // an element that happened to be exact in every run
                double v = Math.max(sums[i] / runs, LEAST * average);
                logs[i] = Math.log(Math.max(v, Double.MIN_NORMAL)) + 1.0 / runs;
                means[row] += logs[i] / width;
            }
            for (int i = from; i < from + width; i++) {
                variance += (logs[i] - means[row]) * (logs[i] - means[row]) / Math.max(1, logs.length - means.length);
            }
        }
        return variance;
    }
}

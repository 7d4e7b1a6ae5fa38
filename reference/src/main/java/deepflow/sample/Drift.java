package deepflow.sample;

import java.util.Arrays;
import java.util.function.DoubleFunction;

/// The guided drift of a batch, and how many model evaluations each of its samples took.
public final class Drift {
    private final VelocityField field;
    private final Flow flow;
    private final Guidance guidance;
    private final int[] labels;
    private final int size;
    private final long[] evaluations;

    /// @param labels one for each sample of the batch
    Drift(VelocityField field, Flow flow, Guidance guidance, int[] labels) {
        this.field = field;
        this.flow = flow;
        this.guidance = guidance;
        this.labels = labels.clone();
        this.size = Math.toIntExact(field.sample().size());
        this.evaluations = new long[labels.length];
    }

    /// Samples in the batch.
    int samples() {
        return labels.length;
    }

    /// Numbers of one sample: C·H·W.
    int size() {
        return size;
    }

    /// Model evaluations of each sample so far; a guided drift takes two.
    long[] evaluations() {
        return evaluations.clone();
    }

    /// The ODE's drift of all samples at one time.
    ///
    /// @param guidedAt the time that decides whether guidance applies: where the step starts
    double[] ode(double[] x, double t, double guidedAt) {
        return evaluate(all(), x, times(t), times(guidedAt), flow::ode);
    }

    /// The ODE's drift of some samples, each at its own time.
    ///
    /// @param rows which samples
    /// @param x theirs, one after the other
    /// @param t theirs
    double[] ode(int[] rows, double[] x, double[] t) {
        return evaluate(rows, x, t, t, flow::ode);
    }

    /// The SDE's drift of all samples at one time.
    ///
    /// @param w the diffusion at that time
    double[] sde(double[] x, double t, double w) {
        return evaluate(all(), x, times(t), times(t), s -> flow.sde(s, w));
    }

    private int[] all() {
        int[] rows = new int[samples()];
        Arrays.setAll(rows, i -> i);
        return rows;
    }

    private double[] times(double t) {
        double[] times = new double[samples()];
        Arrays.fill(times, t);
        return times;
    }

    /// One call of the field: the samples with their labels, then the guided ones again with the null label.
    private double[] evaluate(int[] rows, double[] x, double[] t, double[] guidedAt, DoubleFunction<Flow.Law> lawAt) {
        int n = rows.length;
        int[] guided = new int[n];
        int g = 0;
        for (int i = 0; i < n; i++) {
            if (guidance.active(guidedAt[i])) {
                guided[g++] = i;
            }
        }
        double[] points = Arrays.copyOf(x, Math.multiplyExact(n + g, size));
        double[] times = Arrays.copyOf(t, n + g);
        int[] classes = new int[n + g];
        for (int i = 0; i < n; i++) {
            classes[i] = labels[rows[i]];
            evaluations[rows[i]]++;
        }
        for (int j = 0; j < g; j++) {
            System.arraycopy(x, guided[j] * size, points, (n + j) * size, size);
            times[n + j] = t[guided[j]];
            classes[n + j] = field.nullLabel();
            evaluations[rows[guided[j]]]++;
        }
        double[] u = field.velocity(points, times, classes);
        if (u.length != points.length) {
            throw new IllegalStateException(
                    "the field returned " + u.length + " numbers for " + points.length + " positions");
        }
        double[] d = new double[n * size];
        for (int i = 0; i < n; i++) {
            Flow.Law law = lawAt.apply(t[i]);
            for (int j = i * size; j < (i + 1) * size; j++) {
                d[j] = law.drift(x[j], u[j]);
            }
        }
        for (int k = 0; k < g; k++) {
            Flow.Law law = lawAt.apply(t[guided[k]]);
            int at = guided[k] * size;
            int nullAt = (n + k) * size;
            for (int j = 0; j < size; j++) {
                double unconditional = law.drift(x[at + j], u[nullAt + j]);
                d[at + j] = unconditional + guidance.scale() * (d[at + j] - unconditional);
            }
        }
        return d;
    }
}

package deepflow.sample;

import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// A velocity field given by a formula for one number, which notes when it was asked.
final class FormulaField implements VelocityField {
    static final int NULL_LABEL = 9;

    @FunctionalInterface
    interface Formula {
        double of(double x, double t, int label);
    }

    private final Shape sample;
    private final Formula formula;
    final List<Double> times = new ArrayList<>();
    final List<Double> nullTimes = new ArrayList<>();

    FormulaField(Shape sample, Formula formula) {
        this.sample = sample;
        this.formula = formula;
    }

    static FormulaField scalar(Formula formula) {
        return new FormulaField(Shape.of(1, 1, 1), formula);
    }

    @Override
    public Shape sample() {
        return sample;
    }

    @Override
    public int nullLabel() {
        return NULL_LABEL;
    }

    @Override
    public double[] velocity(double[] x, double[] t, int[] labels) {
        int size = (int) sample.size();
        double[] v = new double[x.length];
        for (int i = 0; i < labels.length; i++) {
            (labels[i] == NULL_LABEL ? nullTimes : times).add(t[i]);
            for (int j = i * size; j < (i + 1) * size; j++) {
                v[j] = formula.of(x[j], t[i], labels[i]);
            }
        }
        return v;
    }
}

package deepflow.oracle;

import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/// What a dump's tensors should be, and how far emulated runs were from it.
final class EmulatedErrors {
    /// Variance of rounding to nearest over that of stochastic rounding.
    static final double NEAREST_VARIANCE = 0.5;

    /// One tensor. Its numbers are read when they are asked for, as long as the dump is open.
    static final class Case {
        private final Dump dump;
        private final String name;
        private final Shape shape;
        private final FloatFormat format;
        private final Supplier<double[]> truth;
        private final List<Double> squares = new ArrayList<>();
        private final Spread spread;

        private Case(Dump dump, Truth truth, FloatFormat format, Supplier<double[]> values) {
            this.dump = dump;
            this.name = truth.name();
            this.shape = truth.shape();
            this.format = format;
            this.truth = values;
            this.spread = new Spread(Math.toIntExact(shape.size()));
        }

        /// The dump's numbers.
        double[] actual() {
            return dump.read(name);
        }

        /// What they should be.
        double[] truth() {
            return truth.get();
        }

        Shape shape() {
            return shape;
        }

        /// The type it was recorded in.
        FloatFormat format() {
            return format;
        }

        /// ‖error‖² of each emulated run.
        List<Double> squares() {
            return squares;
        }

        /// σ of each element of a right implementation's error, in row-major order: emulated, shrunk towards
        /// the mean of its row ([Spread]), and at least half a unit in the last place of the element. Without
        /// emulated runs that half unit alone.
        double[] sigma() {
            double[] sigma = spread.deviations(shape);
            double[] values = truth();
            for (int i = 0; i < sigma.length; i++) {
                sigma[i] = Math.max(Math.sqrt(NEAREST_VARIANCE) * sigma[i], format.halfUnit(values[i]));
            }
            return sigma;
        }

        /// ‖actual − truth‖, not finite where a number is not.
        double error() {
            double[] e = actual();
            double[] o = truth();
            for (int i = 0; i < e.length; i++) {
                e[i] -= o[i];
            }
            return Norm.ofFinite(e);
        }

        /// Takes a run's numbers, and changes the array.
        private void add(double[] values) {
            double[] o = truth();
            double sum = 0;
            for (int i = 0; i < values.length; i++) {
                values[i] -= o[i];
                sum += values[i] * values[i];
            }
            squares.add(sum);
            spread.add(values);
        }
    }

    private final Map<String, Case> cases = new LinkedHashMap<>();

    /// Takes those truths whose tensors the dump has in that size.
    ///
    /// @param kept whether truths are read once and kept, so that what computed them may be let go
    EmulatedErrors(Dump dump, RecordedTypes types, List<Truth> truths, boolean kept) {
        for (Truth truth : truths) {
            FloatFormat format = types.of(truth.name());
            if (format != null
                    && dump.info(truth.name()).elements() == truth.shape().size()) {
                double[] values = kept ? truth.values().get() : new double[0];
                cases.put(truth.name(), new Case(dump, truth, format, kept ? () -> values : truth.values()));
            }
        }
    }

    /// By name, in graph order.
    Map<String, Case> cases() {
        return cases;
    }

    /// Adds a run.
    ///
    /// @param emulated the step as the run had it, in the recorded types
    void add(List<Truth> emulated) {
        for (Truth one : emulated) {
            if (cases.containsKey(one.name())) {
                Objects.requireNonNull(cases.get(one.name())).add(one.values().get());
            }
        }
    }
}

package deepflow.oracle;

import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.emulation.Rounding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What a dump's tensors should be, and how far emulated runs were from it.
final class EmulatedErrors {
    /// One tensor.
    ///
    /// @param actual the dump's numbers
    /// @param truth what they should be
    /// @param squares ‖error‖² of each emulated run
    record Case(double[] actual, double[] truth, List<Double> squares) {
        /// ‖actual − truth‖, not finite where a number is not.
        double error() {
            double[] e = new double[truth.length];
            for (int i = 0; i < e.length; i++) {
                e[i] = actual[i] - truth[i];
            }
            return norm(e);
        }
    }

    private final Map<String, Case> cases = new LinkedHashMap<>();
    private final RecordedTypes types;

    /// √Σx², not finite where an element is not.
    static double norm(double[] x) {
        for (double v : x) {
            if (!Double.isFinite(v)) {
                return Double.NaN;
            }
        }
        return Norm.of(x).value();
    }

    /// Takes those truths whose tensors the dump has in that size.
    EmulatedErrors(Dump dump, RecordedTypes types, List<Truth> truths) {
        this.types = types;
        for (Truth truth : truths) {
            if (types.of(truth.name()) != null
                    && dump.info(truth.name()).elements() == truth.shape().size()) {
                cases.put(
                        truth.name(),
                        new Case(dump.read(truth.name()), truth.values().get(), new ArrayList<>()));
            }
        }
    }

    /// By name, in graph order.
    Map<String, Case> cases() {
        return cases;
    }

    /// Adds a run.
    ///
    /// @param emulated the step as the run had it
    /// @param rounding how results become numbers of the recorded type
    void add(List<Truth> emulated, Rounding rounding) {
        for (Truth one : emulated) {
            Case c = cases.get(one.name());
            if (c == null) {
                continue;
            }
            double[] values = one.values().get();
            FloatFormat format = Objects.requireNonNull(types.of(one.name()));
            if (format != FloatFormat.F64) {
                rounding.round(format, values);
            }
            double sum = 0;
            for (int i = 0; i < values.length; i++) {
                double e = values[i] - c.truth()[i];
                sum += e * e;
            }
            c.squares().add(sum);
        }
    }
}

package deepflow.oracle;

import deepflow.autograd.Variable;
import deepflow.model.Prediction;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Tensor;
import deepflow.train.Losses;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Everything a recorded step says about a dump, in graph order: values as they were computed, then gradients as they
/// were completed.
final class Truths {
    /// The second and third call of cross-space attention's LayerNorm: key and value.
    private static final String KEY = "cross_attention.layer_norm#1";

    private static final String VALUE = "cross_attention.layer_norm#2";

    private record Timed(long at, Truth truth) {}

    /// Sees a tensor of the step as numbers, by its name in a dump.
    @FunctionalInterface
    interface Reading {
        double[] of(String name, Tensor tensor);
    }

    private final RecordedStep step;
    private final Reading reading;
    private final double lossScale;
    private final Predicate<String> inDump;
    private final List<Timed> timed = new ArrayList<>();

    private Truths(RecordedStep step, Reading reading, double lossScale, Predicate<String> inDump) {
        this.step = step;
        this.reading = reading;
        this.lossScale = lossScale;
        this.inDump = inDump;
    }

    /// @param lossScale what gradients in the dump are multiplied by
    /// @param inDump whether the dump has a tensor of a name: two forms of one module are told apart by it
    static List<Truth> of(RecordedStep step, List<ParameterSpec> specs, double lossScale, Predicate<String> inDump) {
        return of(step, specs, (name, tensor) -> step.backend().download(tensor), lossScale, inDump);
    }

    /// The same, with something else to be read from each tensor than its elements.
    static List<Truth> of(
            RecordedStep step, List<ParameterSpec> specs, Reading reading, double lossScale, Predicate<String> inDump) {
        Truths t = new Truths(step, reading, lossScale, inDump);
        t.outputs();
        t.predictions();
        t.losses();
        t.gradients(specs);
        t.timed.sort(Comparator.comparingLong(Timed::at));
        return t.timed.stream().map(Timed::truth).toList();
    }

    private void outputs() {
        Map<String, Variable> byName = new HashMap<>();
        for (RecordedStep.Output output : step.outputs()) {
            byName.put(output.name(), output.handed());
            Truth.Absence when = quiet(output) ? Truth.Absence.FINE : Truth.Absence.LISTED;
            value(Family.ACT.of(output.name()), output.value(), when);
            Variable v = output.handed();
            if (v.gradient() == null) {
                continue;
            }
            String name = Family.GRADACT.of(output.name());
            if (name.endsWith(KEY)
                    && !inDump.test(Family.ACT.of(called(output.name(), 2)))
                    && !inDump.test(Family.GRADACT.of(called(output.name(), 2)))) {
                continue; // one call served key and value: added below, when the other gradient is known
            }
            if (name.endsWith(VALUE) && !inDump.test(name) && !inDump.test(Family.ACT.of(output.name()))) {
                Variable key = byName.get(called(output.name(), 1));
                if (key != null && key.gradient() != null) {
                    gradient(Family.GRADACT.of(called(output.name(), 1)), v, when, sum(name, key, v));
                }
                continue;
            }
            gradient(name, v, when, () -> gradientOf(name, v));
        }
    }

    /// Whether a module output exists only where key and value are normalised by calls of their own.
    static boolean onlyOfThreeCalls(String module) {
        return module.endsWith(VALUE);
    }

    private static String called(String name, int call) {
        return name.substring(0, name.indexOf('#')) + "#" + call;
    }

    private Supplier<double[]> sum(String name, Variable key, Variable value) {
        return () -> {
            Tensor k = key.gradient();
            Tensor v = value.gradient();
            return k == null || v == null
                    ? gradientOf(name, k == null ? value : key)
                    : scaled(name, step.backend().add(k, v));
        };
    }

    /// Outputs that not every producer writes: those handed on, activations, and tokens before they are a sequence.
    private static boolean quiet(RecordedStep.Output output) {
        String name = output.name();
        return output.alias()
                || name.endsWith(".act")
                || name.equals("x_embedder")
                || name.endsWith(VALUE)
                || name.matches(".*\\.[0-9]+(#[0-9]+)?") && !name.matches("blocks\\.[0-9]+");
    }

    private void predictions() {
        Prediction p = step.losses().prediction();
        for (int i = 0; i < p.velocities().size(); i++) {
            value(Family.OUT.of("velocity." + i), p.velocities().get(i), Truth.Absence.FINDING);
        }
        for (int j = 0; j < p.accelerations().size(); j++) {
            value(Family.OUT.of("acceleration." + j), p.accelerations().get(j), Truth.Absence.FINDING);
        }
        for (int j = 0; j < p.refined().size(); j++) {
            value(Family.OUT.of("refined." + j), p.refined().get(j), Truth.Absence.FINDING);
        }
    }

    private void losses() {
        Losses l = step.losses();
        value(Family.LOSS.of("deep"), l.deep(), Truth.Absence.FINDING);
        value(Family.LOSS.of("acc"), l.acc(), Truth.Absence.FINDING);
        if (l.ssl() != null) {
            alignment(l.ssl(), l.prediction().projected());
        }
        value(Family.LOSS.of("total"), l.total(), Truth.Absence.FINDING);
    }

    /// A mean of cosines, which may be near 0: its error is measured against the mean of as many random signs.
    private void alignment(Variable loss, List<Variable> projected) {
        long cosines =
                projected.stream().mapToLong(p -> p.shape().product(0, 2)).sum();
        Norm scale = Norm.of(1 / Math.sqrt(cosines));
        Truth truth = new Truth(
                Family.LOSS.of("ssl"),
                loss.shape(),
                Truth.Absence.FINDING,
                () -> reading.of(Family.LOSS.of("ssl"), loss.value()),
                null,
                () -> scale);
        timed.add(new Timed(loss.computedAt(), truth));
    }

    private void gradients(List<ParameterSpec> specs) {
        for (ParameterSpec spec : specs) {
            if (!spec.trained()) {
                continue;
            }
            Variable v = step.parameters().get(spec.name());
            String name = Family.GRAD.of(spec.name());
            Truth truth = new Truth(
                    name, v.shape(), Truth.Absence.FINDING, () -> gradientOf(name, v), null, () -> noise(spec.name()));
            timed.add(new Timed(v.gradient() == null ? Long.MAX_VALUE : v.gradientAt(), truth));
        }
    }

    /// A constant added to every key shifts each row of scores by one number, which softmax ignores: the gradient of
    /// `k_norm.bias` is zero, and what is computed is rounding noise, on the scale of its neighbour's gradient.
    private Norm noise(String parameter) {
        if (!parameter.endsWith("k_norm.bias")) {
            return Norm.ZERO;
        }
        String neighbour = parameter.substring(0, parameter.length() - "bias".length()) + "weight";
        return Norm.of(gradientOf(Family.GRAD.of(neighbour), step.parameters().get(neighbour)));
    }

    private void value(String name, Variable v, Truth.Absence when) {
        timed.add(new Timed(v.computedAt(), new Truth(name, v.shape(), when, () -> reading.of(name, v.value()))));
    }

    private void gradient(String name, Variable v, Truth.Absence when, Supplier<double[]> values) {
        timed.add(new Timed(v.gradientAt(), new Truth(name, v.shape(), when, values)));
    }

    /// A gradient as the dump holds it; zeros where none arrived.
    private double[] gradientOf(String name, Variable v) {
        @Nullable Tensor g = v.gradient();
        return g == null ? new double[Math.toIntExact(v.shape().size())] : scaled(name, g);
    }

    private double[] scaled(String name, Tensor gradient) {
        double[] values = reading.of(name, gradient);
        if (lossScale != 1) {
            for (int i = 0; i < values.length; i++) {
                values[i] *= lossScale;
            }
        }
        return values;
    }
}

package deepflow.oracle;

import deepflow.autograd.Variable;
import deepflow.model.Prediction;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.Losses;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Everything a step says about a dump, in graph order: values as they were computed, then gradients as they were
/// completed. It listens to the step and reads each tensor as soon as it is complete, or is told of a step that is
/// over.
final class Truths implements RecordedStep.Listener {
    /// The second and third call of cross-space attention's LayerNorm: key and value.
    private static final String KEY = "cross_attention.layer_norm#1";

    private static final String VALUE = "cross_attention.layer_norm#2";

    private record Timed(long at, Truth truth) {}

    /// A gradient, or a part of one, and when it arrived.
    private record Share(Tensor gradient, long at) {}

    /// Numbers that nobody asks for again: what was wanted of them was taken while they were read.
    static final Supplier<double[]> TAKEN = () -> {
        throw new IllegalStateException("these numbers were not kept");
    };

    /// Reads a tensor of the step, which nobody else may hold any longer.
    @FunctionalInterface
    interface Reading {
        /// @param name in a dump
        /// @return the numbers, a new array each time: from the tensor, or from what was kept of it
        Supplier<double[]> of(String name, Tensor tensor);

        /// Whether nobody holds the tensor afterwards.
        default boolean atOnce() {
            return true;
        }

        /// Holds the tensor, and reads it when somebody asks.
        ///
        /// @param backend of the step
        static Reading later(Backend backend) {
            return new Reading() {
                @Override
                public Supplier<double[]> of(String name, Tensor tensor) {
                    return () -> backend.download(tensor);
                }

                @Override
                public boolean atOnce() {
                    return false;
                }
            };
        }
    }

    private final Backend backend;
    private final List<ParameterSpec> specs;
    private final RecordedStep.Keep wanted;
    private final Reading reading;
    private final Predicate<String> inDump;
    private final List<Timed> timed = new ArrayList<>();
    private final Set<String> handedOn = new HashSet<>();
    private final Map<String, Share> shares = new HashMap<>();
    private final Map<String, Truth> ofParameters = new HashMap<>();

    /// @param backend of the step
    /// @param specs all parameters
    /// @param wanted what is read beside predictions, losses and parameters' gradients
    /// @param inDump whether the dump has a tensor of a name: two forms of one module are told apart by it
    Truths(
            Backend backend,
            List<ParameterSpec> specs,
            RecordedStep.Keep wanted,
            Reading reading,
            Predicate<String> inDump) {
        this.backend = backend;
        this.specs = specs;
        this.wanted = wanted;
        this.reading = reading;
        this.inDump = inDump;
    }

    /// Of a step that is over, whose tensors are read when somebody asks.
    static List<Truth> of(RecordedStep step, List<ParameterSpec> specs, Predicate<String> inDump) {
        return of(step, specs, Reading.later(step.backend()), inDump);
    }

    /// The same, read in another way.
    static List<Truth> of(RecordedStep step, List<ParameterSpec> specs, Reading reading, Predicate<String> inDump) {
        RecordedStep.Keep all = RecordedStep.Keep.OUTPUTS_AND_GRADIENTS; // that the step holds
        Truths t = new Truths(step.backend(), specs, all, reading, inDump);
        t.parameters(step.parameters());
        step.outputs().forEach(t::output);
        return t.inOrder(step.losses());
    }

    /// All of them; once, after the step.
    List<Truth> inOrder(Losses losses) {
        predictions(losses.prediction());
        losses(losses);
        for (ParameterSpec spec : specs) {
            String name = Family.GRAD.of(spec.name());
            if (spec.trained() && !ofParameters.containsKey(name)) { // the loss does not reach it
                parameter(spec, Long.MAX_VALUE, reading.of(name, backend.full(spec.shape(), 0)));
            }
        }
        timed.sort(Comparator.comparingLong(Timed::at));
        return timed.stream().map(Timed::truth).toList();
    }

    /// Names of outputs that a deeper module has already, or that not every implementation has.
    Set<String> handedOn() {
        return handedOn;
    }

    @Override
    public boolean readsAtOnce() {
        return reading.atOnce();
    }

    @Override
    public void output(RecordedStep.Output output) {
        String module = output.name();
        String name = Family.GRADACT.of(module);
        if (wanted == RecordedStep.Keep.NOTHING) {
            return;
        }
        if (output.alias() || onlyOfThreeCalls(module)) {
            handedOn.add(Family.ACT.of(module));
            handedOn.add(name);
        }
        Truth.Absence when = quiet(output) ? Truth.Absence.FINE : Truth.Absence.LISTED;
        value(Family.ACT.of(module), output.value(), when);
        if (wanted == RecordedStep.Keep.OUTPUTS) {
            return;
        }
        boolean ofTwo = name.endsWith(KEY) && !recorded(called(module, 2)) || name.endsWith(VALUE) && !recorded(module);
        Variable v = output.handed();
        v.handOver((g, at) -> {
            if (ofTwo) {
                share(called(module, 1), v.shape(), when, new Share(g, name.endsWith(VALUE) ? at : 0));
            } else {
                gradient(name, v.shape(), when, new Share(g, at));
            }
        });
    }

    private boolean recorded(String module) {
        return inDump.test(Family.ACT.of(module)) || inDump.test(Family.GRADACT.of(module));
    }

    /// One call served key and value: its gradient is the sum of what arrives at both.
    private void share(String module, Shape shape, Truth.Absence when, Share share) {
        Share other = shares.remove(module);
        if (other == null) {
            shares.put(module, new Share(backend.copy(share.gradient()), share.at())); // until the other one comes
        } else {
            Tensor sum = backend.add(share.gradient(), other.gradient());
            gradient(Family.GRADACT.of(module), shape, when, new Share(sum, Math.max(share.at(), other.at())));
        }
    }

    /// Whether a module output exists only where key and value are normalised by calls of their own.
    static boolean onlyOfThreeCalls(String module) {
        return module.endsWith(VALUE);
    }

    private static String called(String name, int call) {
        return name.substring(0, name.indexOf('#')) + "#" + call;
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

    private void predictions(Prediction p) {
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

    private void losses(Losses l) {
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
        String name = Family.LOSS.of("ssl");
        Supplier<double[]> values = reading.of(name, loss.value());
        Truth truth = new Truth(name, loss.shape(), Truth.Absence.FINDING, values, null, () -> scale);
        timed.add(new Timed(loss.computedAt(), truth));
    }

    @Override
    public void parameters(Parameters parameters) {
        for (ParameterSpec spec : specs) {
            if (spec.trained()) {
                String name = Family.GRAD.of(spec.name());
                parameters.get(spec.name()).handOver((g, at) -> parameter(spec, at, reading.of(name, g)));
            }
        }
    }

    private void parameter(ParameterSpec spec, long at, Supplier<double[]> values) {
        String name = Family.GRAD.of(spec.name());
        Truth truth = new Truth(name, spec.shape(), Truth.Absence.FINDING, values, null, () -> noise(spec.name()));
        ofParameters.put(name, truth);
        timed.add(new Timed(at, truth));
    }

    /// A constant added to every key shifts each row of scores by one number, which softmax ignores: the gradient of
    /// `k_norm.bias` is zero, and what is computed is rounding noise, on the scale of its neighbour's gradient.
    private Norm noise(String parameter) {
        if (!parameter.endsWith("k_norm.bias")) {
            return Norm.ZERO;
        }
        String neighbour = parameter.substring(0, parameter.length() - "bias".length()) + "weight";
        Truth truth = Objects.requireNonNull(ofParameters.get(Family.GRAD.of(neighbour)));
        return Norm.of(truth.values().get());
    }

    private void value(String name, Variable v, Truth.Absence when) {
        timed.add(new Timed(v.computedAt(), new Truth(name, v.shape(), when, reading.of(name, v.value()))));
    }

    private void gradient(String name, Shape shape, Truth.Absence when, Share all) {
        timed.add(new Timed(all.at(), new Truth(name, shape, when, reading.of(name, all.gradient()))));
    }
}

package deepflow.oracle;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.model.ModelConfig;
import deepflow.model.Prediction;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.oracle.zoo.Call;
import deepflow.oracle.zoo.Mistake;
import deepflow.oracle.zoo.StepSoFar;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Losses;
import deepflow.train.Objective;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/// One training step, forward and backward, with every module's output and its gradient.
///
/// @param backend what computed it
/// @param losses losses, and the prediction as it was computed (whatever was put in its place)
/// @param outputs modules' outputs in the order of execution
/// @param parameters with their gradients
public record RecordedStep(Backend backend, Losses losses, List<Output> outputs, Parameters parameters) {
    /// Part of the name of modules whose output may be the refined tokens of a prediction.
    private static final String REFINING = ".cross_attention";

    /// A module's output.
    ///
    /// @param name module path, `#i` for later calls
    /// @param value the output
    /// @param handed what the rest of the model saw, with its gradient if one was asked for: `value`, unless an
    ///     [Interception] put something else in its place
    /// @param alias whether it is only handed on from a deeper module
    public record Output(String name, Variable value, Variable handed, boolean alias) {}

    /// What of a step is wanted beside losses and parameters' gradients; the rest is let go early.
    public enum Keep {
        /// Neither outputs nor their gradients.
        NOTHING,
        /// Outputs.
        OUTPUTS,
        /// Outputs and their gradients.
        OUTPUTS_AND_GRADIENTS
    }

    /// Hears of a step's tensors as they come to be, and may read them at once, so that nobody has to hold them until
    /// the step is over.
    interface Listener {
        /// Before anything is computed: gradients of parameters can be [asked for][Variable#handOver].
        void parameters(Parameters parameters);

        /// A module has returned.
        void output(Output output);

        /// Whether a tensor has been read when the call that told of it returns. The step then gives each up as soon as
        /// it needs it no more itself, all but its losses and prediction.
        boolean readsAtOnce();
    }

    /// Runs a step and holds what is wanted of it.
    ///
    /// @param weights values of all parameters
    public static RecordedStep run(
            Backend backend,
            VelocityModel model,
            List<ParameterSpec> specs,
            Map<String, Tensor> weights,
            Objective objective,
            Batch batch,
            Keep keep) {
        return run(backend, model, specs, weights, objective, batch, keep, Mistake.NONE, 1);
    }

    /// Runs a step in which a mistake may be made, and holds what is wanted of it.
    ///
    /// @param weights values of all parameters
    /// @param lossScale what the backward pass starts from
    static RecordedStep run(
            Backend backend,
            VelocityModel model,
            List<ParameterSpec> specs,
            Map<String, Tensor> weights,
            Objective objective,
            Batch batch,
            Keep keep,
            Mistake mistake,
            double lossScale) {
        List<Output> outputs = new ArrayList<>();
        Listener holding = new Listener() {
            @Override
            public void parameters(Parameters parameters) {
                // they hold their gradients
            }

            @Override
            public void output(Output output) {
                if (keep == Keep.OUTPUTS_AND_GRADIENTS) {
                    output.handed().retain();
                }
                if (keep != Keep.NOTHING) {
                    outputs.add(output);
                }
            }

            @Override
            public boolean readsAtOnce() {
                return false;
            }
        };
        RecordedStep step =
                run(backend, model, specs, weights, objective, batch, holding, Interception.NONE, mistake, lossScale);
        return new RecordedStep(backend, step.losses(), Collections.unmodifiableList(outputs), step.parameters());
    }

    /// Runs a step in which something may stand between a module and those who use its output, or a mistake be made. Of
    /// modules' outputs it holds nothing.
    ///
    /// @param weights values of all parameters
    /// @param mistake changes what is computed; what stands in an output's place comes behind it
    /// @param lossScale what the backward pass starts from
    static RecordedStep run(
            Backend backend,
            VelocityModel model,
            List<ParameterSpec> specs,
            Map<String, Tensor> weights,
            Objective objective,
            Batch batch,
            Listener listener,
            Interception interception,
            Mistake mistake,
            double lossScale) {
        // a mistake may look back at whatever it likes
        boolean early = listener.readsAtOnce() && mistake == Mistake.NONE;
        Tape tape = early ? Tape.training(backend) : Tape.recording(mistake.backend(backend));
        Map<String, Tensor> used = new HashMap<>();
        weights.forEach((name, value) -> used.put(name, mistake.parameter(tape.backend(), name, value)));
        Parameters parameters = Parameters.on(tape, specs, used);
        listener.parameters(parameters);
        StepSoFar soFar = new StepSoFar(model.config(), objective, batch, tape, parameters, interception::loss);
        Map<Variable, Variable> behind = new HashMap<>();
        Context root = Context.root(tape, parameters, (name, right, alias) -> {
            Variable value = mistake.output(soFar, Call.of(name), right);
            Variable handed = interception.output(name, value, alias);
            if (name.contains(REFINING)) {
                behind.putIfAbsent(handed, value); // a later alias hands on what stands there already
            }
            if (mistake != Mistake.NONE) { // a right step lets go early of what nobody wants
                soFar.add(name, handed);
            }
            listener.output(new Output(name, value, handed, alias));
            return handed;
        });
        Intercepted intercepted = new Intercepted(model, interception, mistake, soFar, new ArrayList<>());
        Losses seen = mistake.losses(soFar, root, intercepted);
        Prediction predicted = computed(intercepted.computed().getFirst(), behind);
        behind.clear();
        // these are read after the backward pass
        Stream.of(predicted.velocities(), predicted.accelerations(), predicted.refined())
                .flatMap(List::stream)
                .forEach(Variable::retain);
        Stream.of(seen.deep(), seen.acc(), seen.ssl(), seen.total())
                .filter(Objects::nonNull)
                .forEach(Variable::retain);
        tape.backward(seen.total(), mistake.seed(lossScale));
        Losses losses = new Losses(seen.deep(), seen.acc(), seen.ssl(), seen.total(), predicted);
        return new RecordedStep(backend, losses, List.of(), parameters);
    }

    /// A prediction with refined tokens as they were computed, whatever stood in their place.
    private static Prediction computed(Prediction p, Map<Variable, Variable> behind) {
        List<Variable> refined =
                p.refined().stream().map(r -> behind.getOrDefault(r, r)).toList();
        return new Prediction(p.velocities(), p.accelerations(), refined, p.projected());
    }

    /// The model with an interception between its prediction and the losses.
    ///
    /// @param computed receives the prediction as the model computed it
    private record Intercepted(
            VelocityModel inner, Interception interception, Mistake mistake, StepSoFar soFar, List<Prediction> computed)
            implements VelocityModel {
        @Override
        public ModelConfig config() {
            return inner.config();
        }

        @Override
        public void declare(Declarations into) {
            inner.declare(into);
        }

        @Override
        public Prediction forward(Context ctx, Variable x, List<Tensor> t, Tensor y) {
            Prediction right = inner.forward(ctx, x, t, y);
            Prediction p = new Prediction(
                    numbered(right.velocities(), (i, v) -> mistake.prediction(soFar, new Call("velocity", i), v)),
                    numbered(
                            right.accelerations(), (i, a) -> mistake.prediction(soFar, new Call("acceleration", i), a)),
                    right.refined(),
                    right.projected());
            computed.add(p);
            return new Prediction(
                    numbered(p.velocities(), (i, v) -> interception.prediction("velocity." + i, v)),
                    numbered(p.accelerations(), (i, a) -> interception.prediction("acceleration." + i, a)),
                    p.refined(),
                    p.projected());
        }

        /// Sees each of several predictions, which count from 0.
        @FunctionalInterface
        private interface Numbered {
            Variable of(int i, Variable v);
        }

        private static List<Variable> numbered(List<Variable> values, Numbered f) {
            List<Variable> handed = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                handed.add(f.of(i, values.get(i)));
            }
            return handed;
        }
    }
}

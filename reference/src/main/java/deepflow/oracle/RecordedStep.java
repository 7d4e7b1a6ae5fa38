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

/// One training step, forward and backward, with every module's output and its gradient.
///
/// @param backend what computed it
/// @param losses losses, and the prediction as it was computed (whatever was put in its place)
/// @param outputs modules' outputs in the order of execution
/// @param parameters with their gradients
public record RecordedStep(Backend backend, Losses losses, List<Output> outputs, Parameters parameters) {
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

    /// Runs a step.
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
        return run(backend, model, specs, weights, objective, batch, keep, Interception.NONE, 1);
    }

    /// Runs a step in which something may stand between a module and those who use its output.
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
            Interception interception,
            double lossScale) {
        Tape tape = Tape.recording(backend);
        Parameters parameters = Parameters.on(tape, specs, weights);
        List<Output> outputs = new ArrayList<>();
        Map<Variable, Variable> behind = new HashMap<>();
        Context root = Context.root(tape, parameters, (name, value, alias) -> {
            Variable handed = interception.output(name, value, alias);
            behind.putIfAbsent(handed, value); // a later alias hands on what stands there already
            if (keep != Keep.NOTHING) {
                outputs.add(
                        new Output(name, value, keep == Keep.OUTPUTS_AND_GRADIENTS ? handed.retain() : handed, alias));
            }
            return handed;
        });
        Intercepted intercepted = new Intercepted(model, interception, new ArrayList<>());
        Losses seen = objective.evaluate(root, intercepted, batch, interception::loss);
        Prediction predicted = computed(intercepted.computed().getFirst(), behind);
        behind.clear();
        tape.backward(seen.total(), lossScale);
        Losses losses = new Losses(seen.deep(), seen.acc(), seen.ssl(), seen.total(), predicted);
        return new RecordedStep(backend, losses, Collections.unmodifiableList(outputs), parameters);
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
    private record Intercepted(VelocityModel inner, Interception interception, List<Prediction> computed)
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
            Prediction p = inner.forward(ctx, x, t, y);
            computed.add(p);
            return new Prediction(
                    numbered("velocity.", p.velocities()),
                    numbered("acceleration.", p.accelerations()),
                    p.refined(),
                    p.projected());
        }

        private List<Variable> numbered(String name, List<Variable> values) {
            List<Variable> handed = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                handed.add(interception.prediction(name + i, values.get(i)));
            }
            return handed;
        }
    }
}

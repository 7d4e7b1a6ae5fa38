package deepflow.oracle;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Losses;
import deepflow.train.Objective;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// One training step, forward and backward, with every module's output and its gradient.
///
/// @param backend what computed it
/// @param losses losses and prediction
/// @param outputs modules' outputs in the order of execution
/// @param parameters with their gradients
public record RecordedStep(Backend backend, Losses losses, List<Output> outputs, Parameters parameters) {
    /// A module's output.
    ///
    /// @param name module path, `#i` for later calls
    /// @param value the output, with its gradient if one was asked for
    /// @param alias whether it is only handed on from a deeper module
    public record Output(String name, Variable value, boolean alias) {}

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
        Tape tape = Tape.recording(backend);
        Parameters parameters = Parameters.on(tape, specs, weights);
        List<Output> outputs = new ArrayList<>();
        Context root = Context.root(tape, parameters, (name, value, alias) -> {
            if (keep != Keep.NOTHING) {
                outputs.add(new Output(name, keep == Keep.OUTPUTS_AND_GRADIENTS ? value.retain() : value, alias));
            }
        });
        Losses losses = objective.evaluate(root, model, batch);
        tape.backward(losses.total());
        return new RecordedStep(backend, losses, Collections.unmodifiableList(outputs), parameters);
    }
}

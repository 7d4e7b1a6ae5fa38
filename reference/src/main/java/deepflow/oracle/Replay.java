package deepflow.oracle;

import deepflow.model.VelocityModel;
import deepflow.nn.ParameterSpec;
import deepflow.oracle.zoo.Mistake;
import deepflow.tensor.Backend;
import deepflow.train.Objective;
import java.util.List;

/// A dump's step, to be run again and again on one back end or another.
///
/// @param dump with inputs and weights, which have been checked
/// @param specs parameters of the model
record Replay(Dump dump, VelocityModel model, List<ParameterSpec> specs) {
    /// Runs it, forward and backward, gradients multiplied by the dump's loss scale.
    RecordedStep run(Backend backend, Interception interception) {
        return run(backend, interception, Mistake.NONE);
    }

    /// Runs it with a mistake.
    RecordedStep run(Backend backend, Interception interception, Mistake mistake) {
        return run(backend, dump.metadata().objective(), interception, mistake);
    }

    /// Runs it with another objective.
    RecordedStep run(Backend backend, Objective objective, Interception interception, Mistake mistake) {
        DumpInputs inputs = new DumpInputs(dump, backend);
        StepMetadata metadata = dump.metadata();
        return RecordedStep.run(
                backend,
                model,
                specs,
                inputs.weights(specs),
                objective,
                inputs.batch(),
                keep(),
                interception,
                mistake,
                metadata.lossScale());
    }

    /// What it gives for the tensors of the dump, in graph order.
    List<Truth> truths(RecordedStep step, Truths.Reading reading) {
        return Truths.of(step, specs, reading, 1, dump::has);
    }

    /// What of the step the dump can be compared with.
    RecordedStep.Keep keep() {
        return dump.has(Family.GRADACT)
                ? RecordedStep.Keep.OUTPUTS_AND_GRADIENTS
                : dump.has(Family.ACT) ? RecordedStep.Keep.OUTPUTS : RecordedStep.Keep.NOTHING;
    }
}

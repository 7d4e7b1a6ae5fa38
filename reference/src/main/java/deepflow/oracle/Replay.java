package deepflow.oracle;

import deepflow.model.VelocityModel;
import deepflow.nn.ParameterSpec;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.zoo.Mistake;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import deepflow.train.Objective;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// A dump's step, to be run again and again on one back end or another.
///
/// @param dump with inputs and weights, which have been checked
/// @param types that its tensors had
/// @param specs parameters of the model
/// @param weights by name, on the back end that lies under the others
record Replay(
        Dump dump, RecordedTypes types, VelocityModel model, List<ParameterSpec> specs, Map<String, Tensor> weights) {
    /// What it gave.
    ///
    /// @param truths for the tensors of the dump, in graph order
    /// @param handedOn names among them that say nothing new: outputs that a deeper module has already, or that not
    ///     every implementation has
    record Run(List<Truth> truths, Set<String> handedOn) {}

    /// Makes a back end's tensor of one of the back end underneath.
    @FunctionalInterface
    interface Hosting {
        Tensor of(Tensor inner, FloatFormat recorded);
    }

    /// Runs it, forward and backward, gradients multiplied by the dump's loss scale, and reads each tensor that the
    /// dump may have as soon as it is there.
    Run run(Backend backend, Hosting hosting, Interception interception, Truths.Reading reading) {
        return run(backend, hosting, interception, Mistake.NONE, reading);
    }

    /// The same with a mistake, on any back end.
    Run run(Backend backend, Hosting hosting, Interception interception, Mistake mistake, Truths.Reading reading) {
        return run(backend, hosting, dump.metadata().objective(), interception, mistake, reading);
    }

    /// The same with a mistake, on the back end that has the weights.
    Run run(Backend backend, Interception interception, Mistake mistake, Truths.Reading reading) {
        return run(backend, dump.metadata().objective(), interception, mistake, reading);
    }

    /// The same with another objective, on the back end that has the weights.
    Run run(Backend backend, Objective objective, Interception interception, Mistake mistake, Truths.Reading reading) {
        return run(backend, (weight, type) -> weight, objective, interception, mistake, reading);
    }

    private Run run(
            Backend backend,
            Hosting hosting,
            Objective objective,
            Interception interception,
            Mistake mistake,
            Truths.Reading reading) {
        Map<String, Tensor> hosted = new LinkedHashMap<>();
        weights.forEach((name, w) ->
                hosted.put(name, hosting.of(w, Objects.requireNonNull(types.of(Family.WEIGHT.of(name))))));
        Truths truths = new Truths(backend, specs, keep(dump), reading, dump::has);
        RecordedStep step = RecordedStep.run(
                backend,
                model,
                specs,
                hosted,
                objective,
                new DumpInputs(dump, backend).batch(),
                truths,
                interception,
                mistake,
                dump.metadata().lossScale());
        return new Run(truths.inOrder(step.losses()), truths.handedOn());
    }

    /// What of a step the dump can be compared with.
    static RecordedStep.Keep keep(Dump dump) {
        return dump.has(Family.GRADACT)
                ? RecordedStep.Keep.OUTPUTS_AND_GRADIENTS
                : dump.has(Family.ACT) ? RecordedStep.Keep.OUTPUTS : RecordedStep.Keep.NOTHING;
    }
}

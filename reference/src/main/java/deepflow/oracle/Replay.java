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

/// A dump's step, to be run again and again on one back end or another.
///
/// @param dump with inputs and weights, which have been checked
/// @param specs parameters of the model
/// @param weights by name, on the back end that lies under the others
record Replay(Dump dump, VelocityModel model, List<ParameterSpec> specs, Map<String, Tensor> weights) {
    /// Makes a back end's tensor of one of the back end underneath.
    @FunctionalInterface
    interface Hosting {
        Tensor of(Tensor inner, FloatFormat recorded);
    }

    /// Runs it, forward and backward, gradients multiplied by the dump's loss scale.
    RecordedStep run(Backend backend, Hosting hosting, Interception interception) {
        return run(backend, hosting, interception, Mistake.NONE);
    }

    /// Runs it with a mistake, on any back end.
    RecordedStep run(Backend backend, Hosting hosting, Interception interception, Mistake mistake) {
        return run(backend, hosting, dump.metadata().objective(), interception, mistake);
    }

    /// Runs it with a mistake, on the back end that has the weights.
    RecordedStep run(Backend backend, Interception interception, Mistake mistake) {
        return run(backend, dump.metadata().objective(), interception, mistake);
    }

    /// Runs it with another objective, on the back end that has the weights.
    RecordedStep run(Backend backend, Objective objective, Interception interception, Mistake mistake) {
        return run(backend, (weight, type) -> weight, objective, interception, mistake);
    }

    private RecordedStep run(
            Backend backend, Hosting hosting, Objective objective, Interception interception, Mistake mistake) {
        RecordedTypes types = new RecordedTypes(dump);
        Map<String, Tensor> hosted = new LinkedHashMap<>();
        weights.forEach((name, w) ->
                hosted.put(name, hosting.of(w, Objects.requireNonNull(types.of(Family.WEIGHT.of(name))))));
        return RecordedStep.run(
                backend,
                model,
                specs,
                hosted,
                objective,
                new DumpInputs(dump, backend).batch(),
                keep(dump),
                interception,
                mistake,
                dump.metadata().lossScale());
    }

    /// What it gives for the tensors of the dump, in graph order.
    List<Truth> truths(RecordedStep step, Truths.Reading reading) {
        return Truths.of(step, specs, reading, 1, dump::has);
    }

    /// What of a step the dump can be compared with.
    static RecordedStep.Keep keep(Dump dump) {
        return dump.has(Family.GRADACT)
                ? RecordedStep.Keep.OUTPUTS_AND_GRADIENTS
                : dump.has(Family.ACT) ? RecordedStep.Keep.OUTPUTS : RecordedStep.Keep.NOTHING;
    }
}

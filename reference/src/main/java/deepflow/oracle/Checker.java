package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Judges dumps: replays the step from its configuration, weights and inputs, and compares every tensor.
///
/// A tensor is accepted when ‖a − o‖ ≤ threshold·‖o‖ ([Precision#threshold]; the larger one of the dump's precision
/// and the replay's).
///
/// @param backend what replays
public record Checker(Backend backend) {
    /// Judges one dump.
    ///
    /// @throws FormatException if the dump, its configuration, weights or inputs are unusable
    public CheckResult check(Path path) {
        try (Dump dump = Dump.open(path)) {
            return new Judge(dump, threshold(dump.metadata().precision())).judge(truths(dump));
        }
    }

    private double threshold(Precision dumped) {
        Precision replayed = backend.dtype() == DType.F32 ? Precision.F32 : Precision.F64;
        return Math.max(dumped.threshold(), replayed.threshold());
    }

    /// Replays a dump's step: what its tensors should be, in graph order.
    List<Truth> truths(Dump dump) {
        StepMetadata metadata = dump.metadata();
        DeepFlow model = new DeepFlow(metadata.config());
        List<ParameterSpec> specs = Declarations.of(model);
        Map<Boolean, List<ParameterSpec>> byTraining =
                specs.stream().collect(Collectors.partitioningBy(ParameterSpec::trained));
        List<ParameterSpec> trained = byTraining.getOrDefault(true, List.of());
        List<ParameterSpec> fixed = byTraining.getOrDefault(false, List.of());
        DumpInputs.check(dump, specs);
        DumpedOptimizer dumped = new DumpedOptimizer(dump, backend, trained, fixed);
        List<ParameterSpec> withState = dumped.withState();
        RecordedStep.Keep keep = dump.has(Family.GRADACT)
                ? RecordedStep.Keep.OUTPUTS_AND_GRADIENTS
                : dump.has(Family.ACT) ? RecordedStep.Keep.OUTPUTS : RecordedStep.Keep.NOTHING;
        StepMemory.require(
                metadata.config(),
                dump.info("in.x0").shape()[0],
                backend.dtype(),
                keep,
                dump.path() + ": the step",
                "--compute f32");

        DumpInputs inputs = new DumpInputs(dump, backend);
        Map<String, Tensor> weights = inputs.weights(specs);
        RecordedStep step =
                RecordedStep.run(backend, model, specs, weights, metadata.objective(), inputs.batch(), keep);
        List<Truth> truths = new ArrayList<>(Truths.of(step, specs, metadata.lossScale(), dump::has));
        if (metadata.optimizer() != null) {
            withState.forEach(spec -> dumped.state(inputs, weights, spec)); // bad state is found before judging
            truths.addAll(new OptimizerTruths(
                            backend,
                            metadata.optimizer(),
                            trained,
                            withState,
                            dumped::averaged,
                            spec -> dumped.state(inputs, weights, spec))
                    .of(step, dumped.gradients(step)));
            truths.addAll(dumped.unchanged());
        }
        return truths;
    }
}

package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Judges dumps: replays the step from its configuration, weights and inputs, and compares every tensor.
///
/// A tensor is accepted when ‖a − o‖ ≤ threshold·‖o‖ ([Precision#threshold]; the larger one of the dump's precision
/// and the replay's).
///
/// With a second back end it is judged against budgets as well (docs/verdict.md), and is wrong where it breaks one.
///
/// @param backend what replays
/// @param accumulator computes in float32, for emulated runs; null for none
/// @param judging what dumps are held to
public record Checker(Backend backend, @Nullable Backend accumulator, Judging judging) {
    /// A checker that goes by the threshold alone.
    public Checker(Backend backend) {
        this(backend, null, Judging.BY_THRESHOLD);
    }

    /// Judges one dump.
    ///
    /// @throws FormatException if the dump, its configuration, weights or inputs are unusable
    public CheckResult check(Path path) {
        try (Dump dump = Dump.open(path)) {
            return check(dump, ErrorHistograms.NONE);
        }
    }

    /// Judges an open dump, and counts every tensor's errors on the way.
    ///
    /// @throws FormatException as [#check(Path)]
    CheckResult check(Dump dump, ErrorHistograms histograms) {
        Precision precision = judging.precision() == null ? dump.metadata().precision() : judging.precision();
        List<Truth> truths = truths(dump);
        CheckResult judged = new Judge(dump, threshold(precision), histograms).judge(truths);
        Map<String, List<String>> foreign = new HashMap<>();
        for (Finding finding : judged.findings()) {
            if (dump.has(finding.name()) && !dump.foreign(finding.name()).isEmpty()) {
                foreign.put(finding.name(), dump.foreign(finding.name()));
            }
        }
        CheckResult called = judged.called(Map.copyOf(foreign));
        StepVerdicts.Result budgets = budgets(dump, precision, truths);
        return budgets == null ? called : diagnosed(dump, precision, budgets, budgets.beside(called));
    }

    /// For all but the optimizer's results. Null where nothing is judged against budgets: without emulated runs, or
    /// where the replay is no float64 truth.
    private StepVerdicts.@Nullable Result budgets(Dump dump, Precision precision, List<Truth> truths) {
        if (accumulator == null || judging.runs() == 0 || backend.dtype() != DType.F64) {
            return null;
        }
        DeepFlow model = new DeepFlow(dump.metadata().config());
        List<Truth> step = truths.stream()
                .filter(t ->
                        Family.byName(t.name()).filter(Family.STEPPED::contains).isEmpty())
                .toList();
        return new StepVerdicts(backend, accumulator, precision, judging.risk(), judging.runs())
                .of(new Replay(dump, model, Declarations.of(model)), step);
    }

    private CheckResult diagnosed(Dump dump, Precision precision, StepVerdicts.Result budgets, CheckResult judged) {
        if (judged.consistent()) {
            return judged;
        }
        DeepFlow model = new DeepFlow(dump.metadata().config());
        Replay replay = new Replay(dump, model, Declarations.of(model));
        Arithmetic arithmetic = new RecordedTypes(dump).arithmetic(precision);
        return judged.with(new Diagnosis(
                new Naming(replay, backend, arithmetic, budgets, judged).names(),
                GradientTerms.of(replay, backend, budgets, judged)));
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
        RecordedStep.Keep keep = new Replay(dump, model, specs).keep();
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

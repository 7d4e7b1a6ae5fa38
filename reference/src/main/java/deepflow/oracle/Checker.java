package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.oracle.zoo.Mistake;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
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
/// @param workers what emulated runs use, from which budgets come; null for none
/// @param judging what dumps are held to
public record Checker(Backend backend, @Nullable Workers workers, Judging judging) {
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
        Replayed replayed = replayed(dump);
        CheckResult judged = new Judge(dump, threshold(precision), histograms).judge(replayed.truths());
        Map<String, List<String>> foreign = new HashMap<>();
        for (Finding finding : judged.findings()) {
            if (dump.has(finding.name()) && !dump.foreign(finding.name()).isEmpty()) {
                foreign.put(finding.name(), dump.foreign(finding.name()));
            }
        }
        CheckResult called = judged.called(Map.copyOf(foreign));
        EmulationPlan plan = EmulationPlan.of(judging, backend.dtype(), workers, dump);
        if (workers == null || plan.runs() == 0) {
            return called.withoutBudgets(plan.refused());
        }
        try {
            return budgeted(
                    replayed.replay(dump, new RecordedTypes(dump, precision)),
                    replayed.truths(),
                    workers,
                    plan,
                    called);
        } catch (OutOfMemoryError e) {
            return called.withoutBudgets("the emulated runs ran out of memory; more of it"
                    + " (DEEPFLOW_JAVA_OPTS=-Xmx…) or fewer --threads would help");
        }
    }

    private CheckResult budgeted(
            Replay replay, List<Truth> truths, Workers emulating, EmulationPlan plan, CheckResult called) {
        List<Truth> step = truths.stream().filter(t -> !t.stepped()).toList();
        StepVerdicts.Result budgets = new StepVerdicts(backend, emulating, plan, judging.risk()).of(replay, step);
        return diagnosed(replay, budgets, budgets.and(optimizer(replay)).beside(called));
    }

    private Map<String, TensorVerdict> optimizer(Replay replay) {
        StepMetadata.Optimizer step = replay.dump().metadata().optimizer();
        List<ParameterSpec> trained =
                replay.specs().stream().filter(ParameterSpec::trained).toList();
        if (step == null) {
            return Map.of();
        }
        return new OptimizerVerdicts(replay.dump(), replay.types(), step, trained, judging.risk() / 3).all();
    }

    private CheckResult diagnosed(Replay replay, StepVerdicts.Result budgets, CheckResult judged) {
        if (judged.consistent()) {
            return judged;
        }
        return judged.with(new Diagnosis(
                new Naming(replay, backend, budgets, judged).names(),
                GradientTerms.of(replay, backend, budgets, judged)));
    }

    private double threshold(Precision dumped) {
        Precision replayed = backend.dtype() == DType.F32 ? Precision.F32 : Precision.F64;
        return Math.max(dumped.threshold(), replayed.threshold());
    }

    /// What a dump's tensors should be, in graph order.
    List<Truth> truths(Dump dump) {
        return replayed(dump).truths();
    }

    private record Replayed(
            DeepFlow model, List<ParameterSpec> specs, Map<String, Tensor> weights, List<Truth> truths) {
        /// To be run again, where budgets judge.
        Replay replay(Dump dump, RecordedTypes types) {
            return new Replay(dump, types, model, specs, weights);
        }
    }

    private Replayed replayed(Dump dump) {
        try (Threads threads = new Threads(workers == null ? 1 : workers.threads())) {
            return replayed(dump, threads);
        }
    }

    private Replayed replayed(Dump dump, Threads threads) {
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
        RecordedStep.Keep keep = Replay.keep(dump);
        StepMemory.require(
                backend,
                metadata.config(),
                dump.info("in.x0").shape()[0],
                keep,
                dump.path() + ": the step",
                "--compute f32");

        DumpInputs inputs = new DumpInputs(dump, backend);
        Map<String, Tensor> weights = inputs.weights(specs, threads);
        Truths seen = new Truths(
                backend,
                specs,
                keep,
                (name, tensor) -> NearDump.of(dump, name, backend.elements(tensor), threads),
                dump::has);
        RecordedStep step = RecordedStep.run(
                backend,
                model,
                specs,
                weights,
                metadata.objective(),
                inputs.batch(),
                metadata.optimizer() == null ? seen : new HoldingGradients(seen, trained),
                Interception.NONE,
                Mistake.NONE,
                metadata.lossScale());
        List<Truth> truths = new ArrayList<>(seen.inOrder(step.losses()));
        if (metadata.optimizer() != null) {
            withState.forEach(spec -> dumped.state(inputs, weights, spec)); // bad state is found before judging
            truths.addAll(new OptimizerTruths(
                            backend,
                            metadata.optimizer(),
                            trained,
                            withState,
                            dumped::averaged,
                            spec -> dumped.state(inputs, weights, spec))
                    .of(step, metadata.lossScale(), dumped.gradients(step), dumped::fromRecorded));
            truths.addAll(dumped.unchanged());
        }
        return new Replayed(model, specs, weights, truths);
    }

    /// Also leaves gradients with the step's parameters, for the optimizer.
    private record HoldingGradients(Truths seen, List<ParameterSpec> trained) implements RecordedStep.Listener {
        @Override
        public void parameters(Parameters parameters) {
            seen.parameters(parameters);
            trained.forEach(spec -> parameters.get(spec.name()).retain());
        }

        @Override
        public void output(RecordedStep.Output output) {
            seen.output(output);
        }

        @Override
        public boolean readsAtOnce() {
            return seen.readsAtOnce();
        }
    }
}

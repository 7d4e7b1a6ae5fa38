package deepflow.oracle.survey;

import deepflow.model.ModelConfig;
import deepflow.oracle.CheckResult;
import deepflow.oracle.Checker;
import deepflow.oracle.Finding;
import deepflow.oracle.Judging;
import deepflow.oracle.Precision;
import deepflow.oracle.SeededStep;
import deepflow.oracle.TensorVerdict;
import deepflow.oracle.Workers;
import deepflow.oracle.zoo.Bug;
import deepflow.tensor.Backend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Puts bugs into golden steps and has them judged.
///
/// @param config the model
/// @param precisions of the programs that have the bugs
/// @param bugs which
/// @param seed of the steps; right steps have this one and those that follow
/// @param judging risk and runs
/// @param rightSteps how many right steps in each precision
public record Survey(
        ModelConfig config, List<Precision> precisions, List<Bug> bugs, long seed, Judging judging, int rightSteps) {
    /// Samples of a step: few, but more than one.
    private static final int SAMPLES = 3;
    /// A power of two, so that only a program that forgets it notices it.
    private static final double LOSS_SCALE = 64;

    /// Hears of progress.
    @FunctionalInterface
    public interface Listener {
        /// @param done steps that were judged
        /// @param all steps
        /// @param what the last one was
        void judged(int done, int all, String what);
    }

    /// A right step, judged.
    ///
    /// @param precision of the step
    /// @param seed of the step
    /// @param alarms tensors that were found wrong
    public record RightStep(Precision precision, long seed, List<String> alarms) {}

    /// All of it.
    ///
    /// @param survey what was asked
    /// @param trials by bug, then by precision
    /// @param right right steps
    public record Result(Survey survey, List<Trial> trials, List<RightStep> right) {
        /// Trials of a precision.
        public List<Trial> of(Precision precision) {
            return trials.stream().filter(t -> t.precision() == precision).toList();
        }

        /// Whether no bug above its power was missed, and no right step found wrong.
        public boolean asPromised() {
            return right.stream().allMatch(r -> r.alarms().isEmpty())
                    && trials.stream().noneMatch(t -> t.outcome() == Trial.Outcome.MISSED);
        }
    }

    /// Judges every step.
    ///
    /// @param exact computes in float64
    /// @param accumulator computes in float32
    /// @param workers for the emulated runs
    /// @param folder for one dump at a time, which is removed
    public Result run(Backend exact, Backend accumulator, Workers workers, Path folder, Listener listener) {
        Checker checker = new Checker(exact, workers, judging);
        Path file = folder.resolve("step.safetensors");
        int all = precisions.size() * rightSteps;
        for (Bug bug : bugs) {
            all += (int) precisions.stream().filter(p -> possible(bug, p)).count();
        }
        List<RightStep> right = new ArrayList<>();
        List<Trial> trials = new ArrayList<>();
        int done = 0;
        try {
            for (Precision precision : precisions) {
                for (int i = 0; i < rightSteps; i++) {
                    SeededStep step = new SeededStep(config, precision, seed + i, SAMPLES, LOSS_SCALE);
                    step.write(exact, accumulator, null, file);
                    List<String> alarms = checker.check(file).findings().stream()
                            .filter(Finding::counts)
                            .map(Finding::name)
                            .toList();
                    right.add(new RightStep(precision, seed + i, alarms));
                    listener.judged(++done, all, "right " + precision.label());
                }
            }
            for (Bug bug : bugs) {
                for (Precision precision : precisions) {
                    if (possible(bug, precision)) {
                        trials.add(trial(bug, precision, exact, accumulator, checker, file));
                        listener.judged(++done, all, bug.name() + " " + precision.label());
                    }
                }
            }
        } finally {
            remove(file);
        }
        return new Result(this, List.copyOf(trials), List.copyOf(right));
    }

    /// Whether a bug can be made with this model in a precision.
    public boolean possible(Bug bug, Precision precision) {
        return bug.possible().test(config, precision.arithmetic(true));
    }

    private Trial trial(Bug bug, Precision precision, Backend exact, Backend accumulator, Checker checker, Path file) {
        SeededStep step = new SeededStep(config, precision, seed, SAMPLES, LOSS_SCALE);
        step.write(exact, accumulator, bug, file);
        CheckResult result = checker.check(file);
        List<String> suspects = result.suspects().isEmpty()
                ? result.first().map(Finding::name).stream().toList()
                : result.suspects();
        double strength = strength(bug, step.effects(exact, bug), result);
        return new Trial(
                bug,
                precision,
                !result.consistent(),
                suspects,
                result.diagnosis().looksLike(),
                strength);
    }

    private static double strength(Bug bug, Map<String, Double> effects, CheckResult result) {
        double most = 0;
        for (Finding f : result.findings()) {
            TensorVerdict v = f.verdict();
            double effect = effects.getOrDefault(f.name(), 0.0);
            if (v != null && effect > 0 && bug.strikes(f.name())) {
                most = Math.max(most, effect / v.power());
            }
        }
        return most;
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

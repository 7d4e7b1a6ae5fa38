package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.io.FormatException;
import deepflow.sample.Progress;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DeviceId;
import deepflow.train.TrainingState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Runs a study in a folder, a folder for each run. Runs that are finished are not repeated, one that was
/// interrupted goes on; so a study may be stopped at any moment and started again.
///
/// @param study what is asked
/// @param folder where everything is kept
/// @param data opens the data of a run
/// @param device where it computes, as in [Backends#open]
/// @param threads CPU threads
/// @param producer program and version, for the checkpoints
public record Ablation(
        Study study, Path folder, Function<RunConfig, DataSet> data, DeviceId device, int threads, String producer) {
    private static final int LAST_STEPS = 100;

    /// Is told what a study does.
    public interface Listener {
        /// A run begins, or goes on.
        ///
        /// @param number from 1
        /// @param of how many there are
        RunListener begins(int number, int of, String variant, long seed);

        /// A run is finished, now or from an earlier start.
        void ends(String variant, long seed, Map<String, Double> distances);
    }

    /// Runs what is left of it, and writes table and plot.
    ///
    /// @return the files written: `table.md`, `table.csv`, `plot.png`
    public List<Path> run(Listener listener) {
        Map<Study.Variant, List<RunOutcome>> outcomes = new LinkedHashMap<>();
        int number = 0;
        for (int i = 0; i < study.variants().size(); i++) {
            Study.Variant variant = study.variants().get(i);
            List<RunOutcome> ofVariant = new ArrayList<>();
            for (long seed : study.seeds()) {
                number++;
                Path run = folder.resolve(variant.folder(i + 1, seed));
                RunOutcome outcome = finished(run, seeded(variant.config(), seed));
                if (outcome == null) {
                    int of = study.variants().size() * study.seeds().size();
                    outcome = take(run, variant, seed, listener.begins(number, of, variant.name(), seed));
                }
                listener.ends(variant.name(), seed, outcome.distances());
                ofVariant.add(outcome);
            }
            outcomes.put(variant, ofVariant);
        }
        return new StudyTable(study, outcomes).write(folder);
    }

    /// The outcome of a run that is done, and was asked the same; else null.
    private @Nullable RunOutcome finished(Path run, RunConfig config) {
        if (!RunOutcome.in(run)) {
            return null;
        }
        List<String> different = RunConfigJson.differences(new RunFolder(run).readConfig(), config);
        if (!different.isEmpty()) {
            throw new RunRefused(run + " is a run with another " + String.join(", ", different)
                    + ": the study was changed, so choose another folder.");
        }
        RunOutcome outcome = RunOutcome.read(run);
        return outcome.distances().keySet().containsAll(study.evaluation().keys()) ? outcome : null;
    }

    private RunOutcome take(Path path, Study.Variant variant, long seed, RunListener listener) {
        RunConfig config = seeded(variant.config(), seed);
        RunFolder run = new RunFolder(path);
        DataSet set = data.apply(config);
        try (Backend b = Backends.open(device, config.options(threads))) {
            Files.createDirectories(path);
            Schedule schedule = new Schedule(variant.steps(), study.checkpointEvery(), 1, false);
            TrainingState state =
                    new TrainingRun(run, config, set, producer).train(b, schedule, run.holdsRun(), listener);
            RunOutcome outcome = new RunOutcome(lastLoss(run), secondsPerStep(run), distances(b, config, state, set));
            outcome.write(path);
            return outcome;
        } catch (IOException e) {
            throw new FormatException(path + " cannot be made: " + e.getMessage() + ".", e);
        }
    }

    private Map<String, Double> distances(Backend b, RunConfig config, TrainingState state, DataSet set) {
        int n = study.evaluation().samples();
        int[] labels = new int[n];
        Arrays.setAll(labels, i -> set.label(i % set.count()));
        PixelDistance distance = PixelDistance.to(set, config.seed());
        Map<String, Double> all = new LinkedHashMap<>();
        for (int steps : study.evaluation().steps()) {
            for (double guidance : study.evaluation().guidance()) {
                double[] samples =
                        Draw.sde(steps, guidance, config.seed()).of(b, config, state.averages(), labels, Progress.NONE);
                all.put(Study.Evaluation.key(steps, guidance), distance.of(samples));
            }
        }
        return all;
    }

    private static double lastLoss(RunFolder run) {
        List<String> lines = StepLog.lines(run.metrics());
        return lines.subList(Math.max(0, lines.size() - LAST_STEPS), lines.size()).stream()
                .mapToDouble(l -> Double.parseDouble(l.split(",", -1)[2]))
                .average()
                .orElse(Double.NaN);
    }

    /// The median of the differences of neighbouring lines: what an interruption or a slow moment costs
    /// does not count.
    private static double secondsPerStep(RunFolder run) {
        double[] seconds = StepLog.lines(run.times()).stream()
                .mapToDouble(l -> Double.parseDouble(l.split(",", -1)[1]))
                .toArray();
        double[] steps = new double[Math.max(0, seconds.length - 1)];
        Arrays.setAll(steps, i -> seconds[i + 1] - seconds[i]);
        Arrays.sort(steps);
        return steps.length == 0 ? Double.NaN : steps[steps.length / 2];
    }

    private static RunConfig seeded(RunConfig c, long seed) {
        return new RunConfig(
                c.model(),
                c.data(),
                c.features(),
                seed,
                c.batch(),
                c.accumulate(),
                c.objective(),
                c.time(),
                c.alpha(),
                c.dropout(),
                c.optimizer(),
                c.precision(),
                c.products());
    }
}

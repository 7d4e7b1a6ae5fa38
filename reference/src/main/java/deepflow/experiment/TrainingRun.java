package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.model.Initialization;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import deepflow.train.StepResult;
import deepflow.train.Trainer;
import deepflow.train.TrainingState;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// One run in a folder, from its first step or its last checkpoint to its end.
///
/// Every random number has a key of its own, checkpoints appear as a whole, and the metrics are cut back to
/// the checkpoint a run resumes from; so a run that is killed at any moment and resumed leaves the bytes of
/// one that never was.
///
/// @param folder where it is kept
/// @param config what it computes
/// @param data what it learns from
/// @param producer program and version, for the checkpoints
public record TrainingRun(RunFolder folder, RunConfig config, DataSet data, String producer) {
    private static final String METRICS = "step,loss,deep,acc,ssl,grad_norm,lr";
    private static final String TIMES = "step,seconds";

    /// Begins a run in a folder that holds none, or resumes the one it holds.
    ///
    /// @param b of the configuration's precision
    /// @param resume whether a run in the folder is resumed; otherwise it is refused
    /// @return the state at the end
    /// @throws RunRefused if the folder holds a run that is not to be resumed or is another one, the data
    ///     do not fit, the step does not fit into the JVM's memory, or a number became infinite or NaN:
    ///     then a checkpoint was written before
    public TrainingState train(Backend b, Schedule schedule, boolean resume, RunListener listener) {
        if (b.dtype() != config.precision() || b.productPrecision() != config.products()) {
            throw new IllegalArgumentException("the run computes in " + config.precision() + " with products in "
                    + config.products() + ", got " + b.name() + " with products in " + b.productPrecision());
        }
        Batches batches = new Batches(config, data);
        RunMemory.require(b, config, schedule.pictures());
        if (folder.holdsRun() && !resume) {
            throw new RunRefused(folder.path()
                    + " already holds a run: add --resume to go on with it, or choose another" + " folder.");
        }
        try (FileChannel _ = folder.claim()) {
            RunListener.Resume found = found(resume);
            long done =
                    found == RunListener.Resume.CONTINUES ? folder.checkpoints().lastKey() : 0;
            if (done > schedule.steps()) {
                throw new RunRefused(folder.path() + " has already taken " + done + " steps, more than the "
                        + schedule.steps() + " asked for.");
            }
            folder.sweep();
            // before config.json, which makes the folder a run: a run that can be resumed has a schedule
            folder.writeSchedule(schedule);
            if (found != RunListener.Resume.CONTINUES) {
                folder.writeConfig(config);
            }
            return new Loop(b, batches, schedule, listener).run(found);
        } catch (IOException e) {
            throw new FormatException(folder.path() + " cannot be closed: " + e.getMessage() + ".", e);
        }
    }

    private RunListener.Resume found(boolean resume) {
        if (!folder.holdsRun()) {
            return resume ? RunListener.Resume.STARTS_OVER : RunListener.Resume.NEW;
        }
        if (Files.exists(folder.config())) {
            List<String> different = RunConfigJson.differences(folder.readConfig(), config);
            if (!different.isEmpty()) {
                throw new RunRefused(folder.path() + " holds a run with another " + String.join(", ", different)
                        + ": resume it as it was, or choose another folder.");
            }
        }
        return folder.checkpoints().isEmpty() ? RunListener.Resume.STARTS_OVER : RunListener.Resume.CONTINUES;
    }

    /// The steps of one start of the run.
    private final class Loop {
        private final Backend b;
        private final Batches batches;
        private final Schedule schedule;
        private final RunListener listener;
        private final List<ParameterSpec> specs;
        private final Trainer trainer;

        Loop(Backend b, Batches batches, Schedule schedule, RunListener listener) {
            this.b = b;
            this.batches = batches;
            this.schedule = schedule;
            this.listener = listener;
            DeepFlow model = new DeepFlow(config.model());
            this.specs = Declarations.of(model);
            this.trainer = new Trainer(model, config.objective(), config.optimizer());
        }

        TrainingState run(RunListener.Resume found) {
            Map.Entry<Long, Path> last =
                    found == RunListener.Resume.CONTINUES ? folder.checkpoints().lastEntry() : null;
            long done = last == null ? 0 : last.getKey();
            TrainingState state = last == null
                    ? TrainingState.fresh(b, specs, new Initialization(config.seed()))
                    : Checkpoint.read(last.getValue(), b, config, specs, done);
            listener.begins(done, schedule.steps(), found);
            try (StepLog metrics = StepLog.open(folder.metrics(), METRICS, done, true);
                    StepLog times = StepLog.open(folder.times(), TIMES, done, false)) {
                if (done > 0) {
                    folder.prune(schedule.keep());
                    pictures(state, done);
                }
                long start = System.nanoTime();
                for (long step = done + 1; step <= schedule.steps(); step++) {
                    take(state, step, metrics);
                    times.line(step + "," + (System.nanoTime() - start) / 1_000_000 / 1000.0);
                    if (schedule.checkpointAfter(step)) {
                        metrics.force();
                        write(state, step);
                        folder.prune(schedule.keep());
                        finite(state, step);
                        pictures(state, step);
                    }
                }
            }
            return state;
        }

        private void take(TrainingState state, long step, StepLog metrics) {
            StepResult r;
            try (Arena _ = b.arena()) {
                r = trainer.step(b, state, batches.of(b, step), step);
            }
            if (!r.taken()) {
                metrics.force();
                write(state, step - 1);
                throw new RunRefused("Step " + step + ": the first tensor that is not finite is " + r.notFinite()
                        + " (loss " + r.total() + ", gradient norm " + r.gradNorm() + "); the run has stopped, "
                        + folder.checkpoint(step - 1) + " has the state before.");
            }
            metrics.line(String.join(
                    ",",
                    Long.toString(step),
                    Double.toString(r.total()),
                    Double.toString(r.deep()),
                    Double.toString(r.acc()),
                    Double.toString(r.ssl()),
                    Double.toString(r.gradNorm()),
                    Double.toString(config.optimizer().lr())));
            listener.step(step, r);
        }

        private void write(TrainingState state, long step) {
            Path file = folder.checkpoint(step);
            if (!Files.exists(file)) {
                Checkpoint.write(file, b, config, state, step, producer);
                listener.wrote(file);
            }
        }

        private void finite(TrainingState state, long step) {
            for (Map.Entry<String, Tensor> w : state.weights().entrySet()) {
                if (b.download(b.countNonFinite(w.getValue()))[0] != 0) {
                    throw new RunRefused("Step " + step + " made weight." + w.getKey()
                            + " not finite; the run has stopped, " + folder.checkpoint(step) + " has the state after.");
                }
            }
        }

        private void pictures(TrainingState state, long step) {
            if (schedule.pictures()) {
                new RunPictures(folder, config).draw(b, state, step).forEach(listener::wrote);
            }
        }
    }
}

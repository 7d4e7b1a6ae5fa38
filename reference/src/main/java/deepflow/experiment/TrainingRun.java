package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.model.Initialization;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.parallel.Ranks;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
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
    /// Begins a run in a folder that holds none, or resumes the one it holds.
    ///
    /// @param b of the configuration's precision
    /// @param resume whether a run in the folder is resumed; otherwise it is refused
    /// @return the state at the end
    /// @throws RunRefused if the folder holds a run that is not to be resumed or is another one, the data
    ///     do not fit, the step does not fit into the JVM's memory, or a number became infinite or NaN:
    ///     then a checkpoint was written before
    public TrainingState train(Backend b, Schedule schedule, boolean resume, RunListener listener) {
        return train(b, Ranks.ALONE, schedule, resume, listener);
    }

    /// The same by several processes, each with this configuration and a folder that all of them see. What is
    /// computed, and every byte in the folder, does not depend on how many there are.
    ///
    /// @param ranks who they are; rank 0 writes, and alone tells `listener`
    public TrainingState train(Backend b, Ranks ranks, Schedule schedule, boolean resume, RunListener listener) {
        if (b.dtype() != config.precision() || b.productPrecision() != config.products()) {
            throw new IllegalArgumentException("the run computes in " + config.precision() + " with products in "
                    + config.products() + ", got " + b.name() + " with products in " + b.productPrecision());
        }
        if (config.accumulate() % ranks.count() != 0) {
            throw new RunRefused(ranks.count() + " processes compute parts of a batch, and " + config.accumulate()
                    + " cannot be shared out equally: add --accumulate " + ranks.count() + " or a multiple of it.");
        }
        Batches batches = new Batches(config, data);
        RunMemory.require(b, config, schedule.pictures());
        if (ranks.rank() == 0 && folder.holdsRun() && !resume) {
            throw new RunRefused(folder.path()
                    + " already holds a run: add --resume to go on with it, or choose another" + " folder.");
        }
        Loop loop = new Loop(b, ranks, batches, schedule);
        if (ranks.rank() > 0) {
            return loop.run(loop.start(agreed(b, ranks, 0)), Journal.NONE);
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
            Start start = loop.start(agreed(b, ranks, done));
            try (Journal journal = FolderJournal.open(this, b, schedule, listener, found, done)) {
                return loop.run(start, journal);
            }
        } catch (IOException e) {
            throw new FormatException(folder.path() + " cannot be closed: " + e.getMessage() + ".", e);
        }
    }

    /// Where the run goes on, as rank 0 found it.
    private static long agreed(Backend b, Ranks ranks, long done) {
        if (ranks.count() == 1) {
            return done;
        }
        int half = 20; // both halves are exact in float32
        double[] halves = {done >> half, done & ((1 << half) - 1)};
        double[] first =
                b.download(ranks.gather(b, b.upload(halves, Shape.of(2))).getFirst());
        return ((long) first[0] << half) + (long) first[1];
    }

    private RunListener.Resume found(boolean resume) {
        if (!folder.holdsRun()) {
            if (resume) {
                throw new RunRefused(folder.path() + " holds no run to go on with; leave --resume out to begin one.");
            }
            return RunListener.Resume.NEW;
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

    /// Where a start of the run begins.
    ///
    /// @param done steps taken before
    private record Start(TrainingState state, long done) {}

    /// The steps of one start of the run.
    private final class Loop {
        private final Backend b;
        private final Ranks ranks;
        private final Batches batches;
        private final Schedule schedule;
        private final List<ParameterSpec> specs;
        private final Trainer trainer;

        Loop(Backend b, Ranks ranks, Batches batches, Schedule schedule) {
            this.b = b;
            this.ranks = ranks;
            this.batches = batches;
            this.schedule = schedule;
            DeepFlow model = new DeepFlow(config.model());
            this.specs = Declarations.of(model);
            this.trainer = new Trainer(model, config.objective(), config.optimizer());
        }

        Start start(long done) {
            TrainingState state = done == 0
                    ? TrainingState.fresh(b, specs, new Initialization(config.seed()))
                    : Checkpoint.read(checkpoint(done), b, config, specs, done);
            return new Start(state, done);
        }

        TrainingState run(Start start, Journal journal) {
            TrainingState state = start.state();
            journal.begins(state, start.done());
            for (long step = start.done() + 1; step <= schedule.steps(); step++) {
                take(state, step, journal);
                if (schedule.checkpointAfter(step)) {
                    journal.checkpoint(state, step);
                    finite(state, step);
                    journal.pictures(state, step);
                }
            }
            return state;
        }

        private Path checkpoint(long done) {
            Path file = folder.checkpoint(done);
            if (!Files.exists(file)) {
                throw new RunRefused("Rank " + ranks.rank() + " does not see " + file
                        + ", from which the run goes on: its folder must be one that all ranks see.");
            }
            return file;
        }

        private void take(TrainingState state, long step, Journal journal) {
            StepResult r;
            try (Arena _ = b.arena()) {
                r = trainer.step(b, ranks, state, batches.of(b, ranks, step), step);
            }
            if (!r.taken()) {
                journal.stops(state, step - 1);
                throw new RunRefused("Step " + step + ": the first tensor that is not finite is " + r.notFinite()
                        + " (loss " + r.total() + ", gradient norm " + r.gradNorm() + "); the run has stopped, "
                        + folder.checkpoint(step - 1) + " has the state before.");
            }
            journal.taken(step, r);
        }

        private void finite(TrainingState state, long step) {
            for (Map.Entry<String, Tensor> w : state.weights().entrySet()) {
                if (b.download(b.countNonFinite(w.getValue()))[0] != 0) {
                    throw new RunRefused("Step " + step + " made weight." + w.getKey()
                            + " not finite; the run has stopped, " + folder.checkpoint(step) + " has the state after.");
                }
            }
        }
    }
}

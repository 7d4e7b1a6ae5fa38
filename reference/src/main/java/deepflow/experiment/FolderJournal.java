package deepflow.experiment;

import deepflow.tensor.Backend;
import deepflow.train.StepResult;
import deepflow.train.TrainingState;
import java.nio.file.Files;
import java.nio.file.Path;

/// A run's journal in its folder: the numbers of every step, checkpoints, pictures.
final class FolderJournal implements Journal {
    private static final String METRICS = "step,loss,deep,acc,ssl,grad_norm,lr";
    private static final String TIMES = "step,seconds";

    private final TrainingRun run;
    private final Backend b;
    private final Schedule schedule;
    private final RunListener listener;
    private final RunListener.Resume found;
    private final StepLog metrics;
    private final StepLog times;
    private final long start = System.nanoTime();

    private FolderJournal(
            TrainingRun run,
            Backend b,
            Schedule schedule,
            RunListener listener,
            RunListener.Resume found,
            StepLog metrics,
            StepLog times) {
        this.run = run;
        this.b = b;
        this.schedule = schedule;
        this.listener = listener;
        this.found = found;
        this.metrics = metrics;
        this.times = times;
    }

    /// @param found what was found of an earlier start
    /// @param done steps taken before; lines of later ones are removed
    static FolderJournal open(
            TrainingRun run, Backend b, Schedule schedule, RunListener listener, RunListener.Resume found, long done) {
        StepLog metrics = StepLog.open(run.folder().metrics(), METRICS, done, true);
        try {
            StepLog times = StepLog.open(run.folder().times(), TIMES, done, false);
            return new FolderJournal(run, b, schedule, listener, found, metrics, times);
        } catch (RuntimeException e) {
            metrics.close();
            throw e;
        }
    }

    @Override
    public void begins(TrainingState state, long done) {
        listener.begins(done, schedule.steps(), found);
        if (done > 0) {
            run.folder().prune(schedule.keep());
            pictures(state, done);
        }
    }

    @Override
    public void taken(long step, StepResult r) {
        metrics.line(String.join(
                ",",
                Long.toString(step),
                Double.toString(r.total()),
                Double.toString(r.deep()),
                Double.toString(r.acc()),
                Double.toString(r.ssl()),
                Double.toString(r.gradNorm()),
                Double.toString(run.config().optimizer().lr())));
        listener.step(step, r);
        times.line(step + "," + (System.nanoTime() - start) / 1_000_000 / 1000.0);
    }

    @Override
    public void checkpoint(TrainingState state, long step) {
        stops(state, step);
        run.folder().prune(schedule.keep());
    }

    @Override
    public void stops(TrainingState state, long step) {
        metrics.force();
        Path file = run.folder().checkpoint(step);
        if (!Files.exists(file)) {
            Checkpoint.write(file, b, run.config(), state, step, run.producer());
            listener.wrote(file);
        }
    }

    @Override
    public void pictures(TrainingState state, long step) {
        if (schedule.pictures()) {
            new RunPictures(run.folder(), run.config()).draw(b, state, step).forEach(listener::wrote);
        }
    }

    @Override
    public void close() {
        try (metrics) {
            times.close();
        }
    }
}

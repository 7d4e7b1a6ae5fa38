package deepflow.experiment;

import deepflow.train.StepResult;
import java.nio.file.Path;

/// Is told what a run does, as it does it.
public interface RunListener {
    /// Tells nobody.
    RunListener SILENT = new RunListener() {};

    /// The run begins or goes on.
    ///
    /// @param done steps taken before
    /// @param steps where it ends
    /// @param resume what was found of an earlier start
    default void begins(long done, long steps, Resume resume) {}

    /// A step was taken.
    default void step(long step, StepResult result) {}

    /// A file was written.
    default void wrote(Path file) {}

    /// What a run found in its folder.
    enum Resume {
        /// It was not asked to resume.
        NEW,
        /// There was a run without a checkpoint: it starts over.
        STARTS_OVER,
        /// It goes on after a checkpoint.
        CONTINUES
    }
}

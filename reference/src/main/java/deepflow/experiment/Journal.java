package deepflow.experiment;

import deepflow.train.StepResult;
import deepflow.train.TrainingState;

/// What a run leaves behind on its way. Of several processes that train together only one keeps it.
interface Journal extends AutoCloseable {
    /// Keeps nothing.
    Journal NONE = new Journal() {};

    /// The run begins, or goes on with a state that was kept.
    ///
    /// @param done steps taken before
    default void begins(TrainingState state, long done) {}

    /// A step was taken.
    default void taken(long step, StepResult result) {}

    /// The state is to be kept, so that the run can go on after it.
    default void checkpoint(TrainingState state, long step) {}

    /// What else is kept beside a checkpoint, once its state is known to be finite.
    default void pictures(TrainingState state, long step) {}

    /// The run stops: the last state is to be kept.
    default void stops(TrainingState state, long step) {}

    @Override
    default void close() {}
}

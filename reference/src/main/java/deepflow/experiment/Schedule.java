package deepflow.experiment;

/// How far a run goes and what it leaves behind; it may be another one each time the run is resumed.
///
/// @param steps where the run ends
/// @param checkpointEvery steps between two checkpoints; the last step has one in any case
/// @param keep how many checkpoints stay, the newest
/// @param pictures whether curves and a grid of samples are drawn at each checkpoint
public record Schedule(long steps, long checkpointEvery, int keep, boolean pictures) {
    /// @throws IllegalArgumentException if a number is less than 1; one sentence without full stop
    public Schedule {
        if (steps < 1 || checkpointEvery < 1 || keep < 1) {
            throw new IllegalArgumentException("steps, checkpoint-every and keep must be at least 1");
        }
    }

    /// Whether a checkpoint is written after this step.
    boolean checkpointAfter(long step) {
        return step % checkpointEvery == 0 || step == steps;
    }
}

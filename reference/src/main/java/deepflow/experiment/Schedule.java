package deepflow.experiment;

/// How far a run goes and what it leaves behind. The run's folder keeps it (`schedule.json`), so that a resumed run has
/// the same one unless asked for another.
///
/// @param steps where the run ends
/// @param checkpointEvery steps between two checkpoints; the last step has one in any case
/// @param keep how many checkpoints stay, the newest
/// @param pictures whether curves and a grid of samples are drawn at each checkpoint
public record Schedule(long steps, long checkpointEvery, int keep, boolean pictures) {
    /// Where nothing else is asked for.
    public static final Schedule USUAL = new Schedule(1600, 200, 3, true);

    /// @throws IllegalArgumentException if a number is less than 1; one sentence without full stop
    public Schedule {
        if (steps < 1 || checkpointEvery < 1 || keep < 1) {
            throw new IllegalArgumentException("steps, checkpoint-every and keep must be at least 1");
        }
    }

    /// Reads what [#json] wrote.
    ///
    /// @throws IllegalArgumentException if it is not that; a phrase without full stop
    static Schedule parse(String json) {
        Fields f = new Fields("the schedule", Fields.object(json));
        long keep = f.whole("keep", USUAL.keep);
        if (keep > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("keep is too large: " + keep);
        }
        Schedule schedule = new Schedule(
                f.whole("steps", USUAL.steps),
                f.whole("checkpoint_every", USUAL.checkpointEvery),
                (int) keep,
                f.flag("pictures", USUAL.pictures));
        f.end();
        return schedule;
    }

    /// As a JSON object.
    String json() {
        return Fields.pretty(Fields.empty()
                .put("steps", steps)
                .put("checkpoint_every", checkpointEvery)
                .put("keep", keep)
                .put("pictures", pictures));
    }

    /// Whether a checkpoint is written after this step.
    boolean checkpointAfter(long step) {
        return step % checkpointEvery == 0 || step == steps;
    }
}

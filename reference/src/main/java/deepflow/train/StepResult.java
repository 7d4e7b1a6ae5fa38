package deepflow.train;

import org.jspecify.annotations.Nullable;

/// What one step reports: means over its batch, before the weights change.
///
/// @param deep Eq. 5
/// @param acc Eq. 7, summed over the intermediate branches
/// @param ssl alignment; 0 where the model has no projectors
/// @param total what was differentiated
/// @param gradNorm norm of all gradients together, before clipping; not finite where the step was skipped
/// @param notFinite the first tensor that is not finite, in the order of execution; null where all is well.
///     If it is not null, no weight was changed
/// @param skipped whether no weight was changed because the scaled loss made gradients overflow, which is no
///     failure: the scale is smaller now
public record StepResult(
        double deep,
        double acc,
        double ssl,
        double total,
        double gradNorm,
        @Nullable String notFinite,
        boolean skipped) {
    /// Whether all is well: the step was taken, or skipped by the rule of [LossScale].
    public boolean taken() {
        return notFinite == null;
    }
}

package deepflow.train;

import deepflow.tensor.Backend;
import deepflow.tensor.ProductPrecision;
import org.jspecify.annotations.Nullable;

/// By how much the loss is multiplied before it is differentiated, so that gradients do not vanish where
/// products round their factors to float16 (Micikevicius et al. 2018, as PyTorch's `GradScaler` does it): the
/// factor halves, and the step is left out, when a gradient overflows; it doubles after [#PATIENCE] steps
/// without. Always a power of two, so that dividing by it again changes no digit.
///
/// @param factor of the loss, at least 1
/// @param good steps since it last changed
/// @param skipped steps left out so far; AdamW does not count them
public record LossScale(double factor, int good, long skipped) {
    /// Steps without overflow after which the factor doubles.
    public static final int PATIENCE = 2000;

    /// Where a run begins.
    public static final LossScale START = new LossScale(65536, 0, 0);

    /// @throws IllegalArgumentException if `factor` is no power of two from 1, or a count is out of its range
    public LossScale {
        if (!(factor >= 1 && factor <= Double.MAX_VALUE) || factor != Math.scalb(1.0, Math.getExponent(factor))) {
            throw new IllegalArgumentException("a loss scale is a power of two from 1 on, got " + factor);
        }
        if (good < 0 || good >= PATIENCE || skipped < 0) {
            throw new IllegalArgumentException("a loss scale counts good steps below " + PATIENCE
                    + " and skipped ones from 0, got " + good + " and " + skipped);
        }
    }

    /// What a run on this back end begins with: nothing where products keep the range of float32.
    public static @Nullable LossScale of(Backend b) {
        return b.productPrecision() == ProductPrecision.FP16 ? START : null;
    }

    /// After a step whose gradients were finite.
    public LossScale grown() {
        return good + 1 < PATIENCE ? new LossScale(factor, good + 1, skipped) : new LossScale(factor * 2, 0, skipped);
    }

    /// After a step that was left out, its gradients being infinite or NaN.
    ///
    /// @throws IllegalStateException if the factor is 1: then it is not to blame
    public LossScale shrunk() {
        if (!canShrink()) {
            throw new IllegalStateException("a loss scale of 1 does not overflow");
        }
        return new LossScale(factor / 2, 0, skipped + 1);
    }

    /// Whether a smaller factor could help.
    public boolean canShrink() {
        return factor > 1;
    }
}

package deepflow.train;

import deepflow.tensor.AdamWStep;

/// The constants of AdamW, gradient clipping and the moving average of the weights (SPEC §6).
///
/// @param lr learning rate
/// @param beta1 decay of the first moment, in [0, 1)
/// @param beta2 decay of the second moment, in [0, 1)
/// @param eps added to the root of the second moment
/// @param weightDecay decoupled weight decay
/// @param clip largest gradient norm; 0 for no clipping
/// @param emaDecay decay of the moving average, in [0, 1]
public record OptimizerConfig(
        double lr, double beta1, double beta2, double eps, double weightDecay, double clip, double emaDecay) {
    /// The published run: lr 1e-4, β (0.9, 0.999), ε 1e-8, no weight decay, clip 1, decay 0.9999.
    public static final OptimizerConfig PUBLISHED = new OptimizerConfig(1e-4, 0.9, 0.999, 1e-8, 0, 1, 0.9999);

    /// @throws IllegalArgumentException if a number is out of its range
    public OptimizerConfig {
        check("lr", lr, lr >= 0);
        check("beta1", beta1, beta1 >= 0 && beta1 < 1);
        check("beta2", beta2, beta2 >= 0 && beta2 < 1);
        check("eps", eps, eps >= 0);
        check("weight_decay", weightDecay, weightDecay >= 0);
        check("clip", clip, clip >= 0);
        check("ema_decay", emaDecay, emaDecay >= 0 && emaDecay <= 1);
    }

    private static void check(String name, double value, boolean inRange) {
        if (!inRange || !Double.isFinite(value)) {
            throw new IllegalArgumentException("optimizer " + name + " is out of range: " + value);
        }
    }

    /// The constants of one step.
    ///
    /// @param step counted from 1
    public AdamWStep at(long step) {
        return new AdamWStep(lr, beta1, beta2, eps, weightDecay, step);
    }
}

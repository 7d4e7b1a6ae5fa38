package deepflow.train;

import deepflow.tensor.AdamWStep;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;

/// A parameter and what the optimizer keeps for it, all of one shape; changed in place by [#step].
///
/// @param weight the parameter
/// @param m first moment
/// @param v second moment
/// @param ema moving average of the parameter
public record ParameterState(Tensor weight, Tensor m, Tensor v, Tensor ema) {
    /// One AdamW step and one step of the moving average, in place.
    ///
    /// @param gradient before clipping
    /// @param clip what becomes of it
    public void step(Backend b, Tensor gradient, GradientClip clip, AdamWStep constants, double emaDecay) {
        b.train(weight, gradient, clip.factor(), m, v, ema, constants, emaDecay);
    }
}

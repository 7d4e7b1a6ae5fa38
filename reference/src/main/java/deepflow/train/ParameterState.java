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
    /// @param gradient clipped gradient
    public void step(Backend b, Tensor gradient, AdamWStep constants, double emaDecay) {
        b.adamW(weight, gradient, m, v, constants);
        b.average(ema, weight, emaDecay);
    }
}

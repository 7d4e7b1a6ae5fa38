package deepflow.equation;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Sums;
import deepflow.autograd.Variable;

/// **Eq. 2 and 3**, flow matching, without and with a class condition c:
///
/// L = E‖v_θ(x_t, t) − V‖², L = E‖v_θ(x_t, t, c) − V‖².
///
/// The mean over all non-batch elements, then over the batch (SPEC §1); the condition is inside v_θ. Its gradient
/// with respect to v is 2·(v − V)/n, n = N·C·H·W.
@Equation({2, 3})
public final class VelocityLoss {
    private VelocityLoss() {}

    /// @param v predicted velocity (N, C, H, W)
    /// @param target V, of the same shape
    /// @return a scalar
    public static Variable of(Variable v, Variable target) {
        return meanSquare(Pointwise.subtract(v, target));
    }

    /// mean‖e‖².
    static Variable meanSquare(Variable e) {
        return Sums.meanOfMeans(Pointwise.multiply(e, e));
    }
}

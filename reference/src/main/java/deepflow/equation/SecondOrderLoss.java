package deepflow.equation;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;

/// **Eq. 7**, the second-order ODE that teaches the acceleration:
///
/// x̂₀ = x_t + v·d + ½·a·d², d = 0 − t, L_acc = mean‖x̂₀ − x₀‖².
///
/// x_t, v, a, x₀ are (N, C, H, W), t (N). v is the velocity of the same branch, detached: no gradient flows through
/// it; through a it reaches a*, v* and all before (SPEC §3). Exact for motion of constant acceleration.
@Equation(7)
public final class SecondOrderLoss {
    private SecondOrderLoss() {}

    /// x̂₀, where the motion is at time 0.
    ///
    /// @param xt the interpolant at t (N, C, H, W)
    /// @param v velocity at t
    /// @param a acceleration at t
    /// @param t (N)
    public static Variable estimate(Variable xt, Variable v, Variable a, Tensor t) {
        Backend b = xt.backend();
        Tensor d = b.subtract(b.full(t.shape(), 0), t);
        Variable drift = Pointwise.multiply(v, Interpolant.perSample(d, xt));
        Variable bend = Pointwise.multiply(Pointwise.scale(a, 0.5), Interpolant.perSample(b.multiply(d, d), xt));
        return Pointwise.add(Pointwise.add(xt, drift), bend);
    }

    /// L_acc of one branch.
    ///
    /// @param xt the interpolant at t (N, C, H, W)
    /// @param v velocity at t; detached here
    /// @param a acceleration at t
    /// @param t (N)
    /// @param x0 data
    /// @return a scalar
    public static Variable of(Variable xt, Variable v, Variable a, Tensor t, Variable x0) {
        Variable detached = v.tape().detach(v);
        return VelocityLoss.meanSquare(Pointwise.subtract(estimate(xt, detached, a, t), x0));
    }
}

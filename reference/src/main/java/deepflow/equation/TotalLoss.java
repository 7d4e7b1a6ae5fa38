package deepflow.equation;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;

/// **Eq. 10**, what is minimised: L = L_deep + λ·L_acc, λ = 1 in the paper. With λ = 0 it is Eq. 5.
@Equation(10)
public final class TotalLoss {
    private TotalLoss() {}

    /// @param deep Eq. 5, a scalar
    /// @param acc the sum of Eq. 7 over the intermediate branches, a scalar
    /// @param lambda λ
    /// @return a scalar
    public static Variable of(Variable deep, Variable acc, double lambda) {
        return Pointwise.add(deep, Pointwise.scale(acc, lambda));
    }
}

package deepflow.equation;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import java.util.List;

/// **Eq. 4 and 5**, deep supervision of k branches, on plain (4) and on VeRA-refined features (5):
///
/// L_deep = Σᵢ βⁱ·‖vⁱ − V‖², i = 1…k.
///
/// vⁱ (N, C, H, W) is the velocity that leaves branch i; β = 0.2 for intermediate branches and 1 for the last in the
/// paper. Which features vⁱ was made from is the model's business: the sum is the same. With k = 1 and β = 1 it is
/// Eq. 3.
@Equation({4, 5})
public final class DeepSupervisionLoss {
    private DeepSupervisionLoss() {}

    /// @param v velocities of the branches, k of (N, C, H, W)
    /// @param targets V for each branch: all equal unless the path's derivative at each tᵢ is the target
    /// @param betas βⁱ, k numbers
    /// @return a scalar
    /// @throws IllegalArgumentException if the three lists differ in length or are empty
    public static Variable of(List<Variable> v, List<Variable> targets, List<Double> betas) {
        if (v.isEmpty() || v.size() != targets.size() || v.size() != betas.size()) {
            throw new IllegalArgumentException("deep supervision needs a velocity, a target and a beta for each branch,"
                    + " got " + v.size() + ", " + targets.size() + " and " + betas.size());
        }
        Variable sum = weighted(v, targets, betas, 0);
        for (int i = 1; i < v.size(); i++) {
            sum = Pointwise.add(sum, weighted(v, targets, betas, i));
        }
        return sum;
    }

    private static Variable weighted(List<Variable> v, List<Variable> targets, List<Double> betas, int i) {
        return Pointwise.scale(VelocityLoss.of(v.get(i), targets.get(i)), betas.get(i));
    }
}

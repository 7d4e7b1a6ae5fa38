package deepflow.cpu;

import deepflow.tensor.AdamWStep;

/// The constants of one AdamW step, computed in double as PyTorch does; the kernels round each to their type once.
///
/// @param keep1 β₁
/// @param take1 1 − β₁
/// @param keep2 β₂
/// @param take2 1 − β₂
/// @param decay lr·weightDecay
/// @param size lr / (1 − β₁ⁿ)
/// @param root √(1 − β₂ⁿ)
/// @param eps ε
record AdamWFactors(
        double keep1, double take1, double keep2, double take2, double decay, double size, double root, double eps) {
    static AdamWFactors of(AdamWStep step) {
        return new AdamWFactors(
                step.beta1(),
                1 - step.beta1(),
                step.beta2(),
                1 - step.beta2(),
                step.lr() * step.weightDecay(),
                step.lr() / (1 - StrictMath.pow(step.beta1(), step.step())),
                Math.sqrt(1 - StrictMath.pow(step.beta2(), step.step())),
                step.eps());
    }
}

package deepflow.equation;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.Arrays;

/// **Eq. 1**, the interpolant between data and noise, and the velocity along it (SPEC §1):
///
/// x_t = t·x₁ + (1 − t)·x₀, V = x₁ − x₀.
///
/// x₀ (N, C, H, W) is data, x₁ (N, C, H, W) noise, t (N) in [0, 1], one time per sample. On another
/// [path][FlowPath], x_t = σ(t)·x₁ + α(t)·x₀.
@Equation(1)
public final class Interpolant {
    private Interpolant() {}

    /// x_t.
    ///
    /// @param x0 data (N, …)
    /// @param x1 noise, of the same shape
    /// @param t (N)
    public static Variable at(FlowPath path, Variable x0, Variable x1, Tensor t) {
        Backend b = x0.backend();
        return combine(x1, path.sigma(b, t), x0, path.alpha(b, t));
    }

    /// V, what the velocity is trained towards.
    ///
    /// @param x0 data (N, …)
    /// @param x1 noise, of the same shape
    /// @param t (N); without effect for [VelocityTarget#DIFFERENCE]
    public static Variable velocity(FlowPath path, VelocityTarget target, Variable x0, Variable x1, Tensor t) {
        Backend b = x0.backend();
        return switch (target) {
            case DIFFERENCE -> Pointwise.subtract(x1, x0);
            case DERIVATIVE ->
                switch (path) {
                    case LINEAR -> Pointwise.subtract(x1, x0);
                    case COSINE -> combine(x1, path.sigmaDerivative(b, t), x0, path.alphaDerivative(b, t));
                };
        };
    }

    /// A per-sample number as a tensor that broadcasts over a sample: (N) → (N, 1, …).
    static Variable perSample(Tensor t, Variable like) {
        int[] dims = new int[like.shape().rank()];
        Arrays.fill(dims, 1);
        dims[0] = t.shape().dim(0);
        return like.tape().constant(t.reshape(dims));
    }

    private static Variable combine(Variable x1, Tensor weight1, Variable x0, Tensor weight0) {
        return Pointwise.add(
                Pointwise.multiply(x1, perSample(weight1, x1)), Pointwise.multiply(x0, perSample(weight0, x0)));
    }
}

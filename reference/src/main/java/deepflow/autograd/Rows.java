package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;

/// Operations over the last axis, and their derivatives.
public final class Rows {
    private Rows() {}

    /// (x − mean)/√(variance + ε) over the last axis, biased variance, no affine.
    public static Variable layerNorm(Variable x, double eps) {
        Backend b = x.backend();
        Normalized n = b.layerNorm(x.value(), eps);
        return x.tape()
                .record(
                        n.y(),
                        dy -> x.accumulate(() -> b.layerNormBackward(n, dy)), // y = (x − mean)·rstd
                        x);
    }
}

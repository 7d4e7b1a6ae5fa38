package deepflow.model;

import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Module;
import deepflow.tensor.Tensor;
import java.util.List;

/// A network that predicts velocities.
public interface VelocityModel extends Module {
    /// Its configuration.
    ModelConfig config();

    /// @param x interpolant x_{t₁} (N, C, H, W)
    /// @param t t₁ … t_k, each (N)
    /// @param y labels (N), I32, 0…K
    Prediction forward(Context ctx, Variable x, List<Tensor> t, Tensor y);
}

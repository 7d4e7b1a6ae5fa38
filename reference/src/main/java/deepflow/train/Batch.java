package deepflow.train;

import deepflow.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one training step sees.
///
/// @param x0 data (N, C, H, W)
/// @param x1 noise (N, C, H, W)
/// @param t t₁ … t_k, each (N), in [0, 1]
/// @param y labels after dropout (N), I32; K is the null class
/// @param z encoder features for SSL alignment (N, T, Z); null for a step without that loss
public record Batch(
        Tensor x0,
        Tensor x1,
        List<Tensor> t,
        Tensor y,
        @Nullable Tensor z) {
    /// Copies the list of times.
    public Batch {
        t = List.copyOf(t);
    }
}

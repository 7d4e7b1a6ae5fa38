package deepflow.train;

import deepflow.model.ModelConfig;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
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

    /// A batch of zeros in the shapes that a model takes, for measurements.
    ///
    /// @param samples N
    public static Batch zeros(Backend b, ModelConfig c, int samples) {
        Shape image = Shape.of(samples, c.channels(), c.size(), c.size());
        List<Tensor> times =
                Stream.generate(() -> b.full(Shape.of(samples), 0)).limit(c.k()).toList();
        boolean aligned = c.sslDim() > 0 && c.k() > 1;
        return new Batch(
                b.full(image, 0),
                b.full(image, 0),
                times,
                b.uploadIndices(new int[samples], Shape.of(samples)),
                aligned ? b.full(Shape.of(samples, c.tokens(), c.sslDim()), 0) : null);
    }

    /// All its tensors.
    public List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>(List.of(x0, x1, y));
        all.addAll(t);
        if (z != null) {
            all.add(z);
        }
        return all;
    }
}

package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import java.util.Arrays;

/// Sums and means, and their derivatives.
public final class Sums {
    private Sums() {}

    /// Sums over the axes where `to` has extent 1.
    ///
    /// @param to broadcasts to the shape of `x`
    public static Variable sumTo(Variable x, Shape to) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.sumTo(x.value(), to),
                        dy -> x.accumulate(() -> b.add(b.full(x.shape(), 0), dy)), // y = Σ x: dy is broadcast
                        x);
    }

    /// The mean over all axes but the first, then over the first: SPEC §1's reduction of a loss.
    ///
    /// @param x (N, …)
    /// @return a scalar (rank 0)
    public static Variable meanOfMeans(Variable x) {
        int[] ones = new int[x.shape().rank()];
        Arrays.fill(ones, 1);
        int n = x.shape().dim(0);
        Shape perSample = Shape.of(ones).with(0, n);
        Variable means =
                Pointwise.scale(sumTo(x, perSample), (double) n / x.shape().size());
        return Layout.reshape(Pointwise.scale(sumTo(means, Shape.of(ones)), 1.0 / n), Shape.SCALAR);
    }
}

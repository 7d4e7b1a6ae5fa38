package deepflow.bench;

import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

/// The most floating-point operations a second that a device does in one large product, with the factors rounded as its
/// back end rounds them: what other products are compared with where the arithmetic is not ours.
final class ProductPeak {
    private static final int EXTENT = 8192;
    private static final int RUNS = 10;

    private ProductPeak() {}

    /// The best of several runs, in 10⁹ operations a second.
    static double gflops(Backend b) {
        return gflops(b, EXTENT);
    }

    /// @param n extent of the square matrices
    static double gflops(Backend b, int n) {
        double best;
        try (Arena _ = b.arena()) {
            Tensor x = b.full(Shape.of(n, n), 1.0 / n);
            best = new Stopwatch(RUNS, 0)
                    .of(() -> {
                        b.release(b.matmul(x, false, x, false));
                        b.synchronize();
                    })
                    .least();
        }
        return 2.0 * n * n * n / best * 1e-9;
    }
}

package deepflow.cpu;

import deepflow.thread.Threads;
import org.jspecify.annotations.Nullable;

/// Matrix products C = A·B (+ bias), C (M, N) row-major.
///
/// **Definition**, to the bit: the K terms of an element are cut into blocks of [#K_BLOCK], or are one block where the
/// back end was opened so ([deepflow.tensor.Accumulation]); each block's sum starts
/// at +0 and grows by fused multiply-add in increasing order of k; the first block's sum is the total, and the
/// later blocks' sums are added to it one after the other. An empty sum is +0. The bias is added to the total.
///
/// Phases: *pack* the operands into panels once, whoever needs them ([PanelsF64]); *body*: sum up tiles in registers
/// ([TileF64]); *reduce*: add a tile to C ([ProductF64]).
final class ProductsF64 {
    /// Part of the definition above, and also what a panel holds: 256 × 16 doubles are 32 KiB.
    static final int K_BLOCK = 256;
    /// Elements moved in the time of one FMA of two vectors, roughly.
    private static final int MOVED = 2;

    private ProductsF64() {}

    /// Batch after batch of products of equal shape, stored one behind the other.
    ///
    /// @param bias N numbers added to every row, or null
    static void multiply(
            Threads threads,
            PoolF64 pool,
            ProductSize size,
            double[] a,
            boolean transposeA,
            double[] b,
            boolean transposeB,
            double @Nullable [] bias,
            double[] c) {
        if (c.length == 0) {
            return;
        }
        int m = size.m();
        int n = size.n();
        int k = size.k();
        double cost = (double) m * n * k / 8 + (double) m * n;
        int leftSize = ProductF64.leftSize(m, k, transposeA);
        int rightSize = ProductF64.rightSize(n, k);
        boolean shared = size.batches() == 1 || size.batches() < threads.count();
        Batch batch = (i, left, right) -> new ProductF64(
                size,
                shared ? threads.count() : 1,
                MatrixF64.of(a, i * m * k, transposeA ? m : k, transposeA),
                MatrixF64.of(b, i * n * k, transposeB ? k : n, transposeB),
                false,
                bias,
                MatrixF64.of(c, i * m * n, n, false),
                left,
                right);
        if (!shared) {
            threads.split(size.batches(), cost, 1, (from, to) -> {
                double[] left = pool.take(leftSize);
                double[] right = pool.take(rightSize);
                for (int i = from; i < to; i++) {
                    batch.product(i, left, right).run();
                }
                pool.give(left);
                pool.give(right);
            });
            return;
        }
        // Few and large: threads share the panels and the pieces of each.
        double[] left = pool.take(leftSize);
        double[] right = pool.take(rightSize);
        for (int i = 0; i < size.batches(); i++) {
            ProductF64 product = batch.product(i, left, right);
            double moved = (double) (leftSize + rightSize) / MOVED;
            threads.split(product.panels(), moved / product.panels(), 1, product::pack);
            threads.split(product.pieces(), cost / product.pieces(), 1, product::multiply);
        }
        pool.give(left);
        pool.give(right);
    }

    /// Product i of a batch, with room for its panels.
    private interface Batch {
        ProductF64 product(int i, double[] left, double[] right);
    }
}

package deepflow.cpu;

import org.jspecify.annotations.Nullable;

/// Matrix products C = A·B (+ bias), C (M, N) row-major.
///
/// **Definition**, to the bit: the K terms of an element are cut into blocks of [#K_BLOCK]; each block's sum starts
/// at +0 and grows by fused multiply-add in increasing order of k; the first block's sum is the total, and the
/// later blocks' sums are added to it one after the other. An empty sum is +0. The bias is added to the total.
///
/// Phases, for cache-sized pieces of C: *pack* a piece of each operand into panels ([PanelsF64]), *body*: sum up
/// tiles in registers ([TileF64]), *tail and reduce*: add the valid part of each tile to C ([#merge]).
final class ProductsF64 {
    /// Part of the definition above, and also what a panel holds: 256 × 16 doubles are 32 KiB.
    static final int K_BLOCK = 256;
    /// Rows of A packed at a time; with K_BLOCK doubles each they take 256 KiB of second-level cache.
    private static final int M_BLOCK = 128;
    /// Columns of B packed at a time.
    private static final int N_BLOCK = 512;

    private ProductsF64() {}

    /// Batch after batch of products of equal shape, stored one behind the other.
    ///
    /// @param bias N numbers added to every row, or null
    static void multiply(
            Threads threads,
            int batches,
            int m,
            int n,
            int k,
            double[] a,
            boolean transposeA,
            double[] b,
            boolean transposeB,
            double @Nullable [] bias,
            double[] c) {
        double cost = (double) m * n * k / 8 + (double) m * n;
        if (batches >= threads.count() && (batches > 1 || threads.count() == 1)) {
            threads.split(batches, cost, 1, (from, to) -> {
                Scratch scratch = new Scratch(m, n, k);
                for (int i = from; i < to; i++) {
                    region(
                            left(a, i, m, k, transposeA),
                            right(b, i, n, k, transposeB),
                            k,
                            0,
                            m,
                            0,
                            n,
                            bias,
                            c,
                            i * m * n,
                            n,
                            scratch);
                }
            });
            return;
        }
        // Few and large: pieces of the longer side.
        for (int i = 0; i < batches; i++) {
            MatrixF64 x = left(a, i, m, k, transposeA);
            MatrixF64 y = right(b, i, n, k, transposeB);
            int co = i * m * n;
            if (m >= n) {
                threads.split(
                        m,
                        cost / m,
                        TileF64.ROWS * 8,
                        (from, to) -> region(x, y, k, from, to, 0, n, bias, c, co, n, new Scratch(to - from, n, k)));
            } else {
                threads.split(
                        n,
                        cost / n,
                        TileF64.COLUMNS * 2,
                        (from, to) -> region(x, y, k, 0, m, from, to, bias, c, co, n, new Scratch(m, to - from, k)));
            }
        }
    }

    private static MatrixF64 left(double[] a, int batch, int m, int k, boolean transposed) {
        return MatrixF64.of(a, batch * m * k, transposed ? m : k, transposed);
    }

    private static MatrixF64 right(double[] b, int batch, int n, int k, boolean transposed) {
        return MatrixF64.of(b, batch * n * k, transposed ? k : n, transposed);
    }

    /// Panels of both operands and one tile.
    private static final class Scratch {
        private final double[] a;
        private final double[] b;
        private final double[] tile = new double[TileF64.ROWS * TileF64.COLUMNS];

        Scratch(int m, int n, int k) {
            int depth = Math.min(k, K_BLOCK);
            this.a = new double[PanelsF64.size(Math.min(m, M_BLOCK), TileF64.ROWS, depth)];
            this.b = new double[PanelsF64.size(Math.min(n, N_BLOCK), TileF64.COLUMNS, depth)];
        }
    }

    /// Rows [m0, m1) and columns [n0, n1) of C.
    private static void region(
            MatrixF64 a,
            MatrixF64 b,
            int k,
            int m0,
            int m1,
            int n0,
            int n1,
            double @Nullable [] bias,
            double[] c,
            int co,
            int ldc,
            Scratch scratch) {
        MatrixF64 bt = b.transpose();
        for (int j0 = n0; j0 < n1; j0 += N_BLOCK) {
            int columns = Math.min(N_BLOCK, n1 - j0);
            int k0 = 0;
            do { // at least once, so that an empty sum is written too
                int depth = Math.min(K_BLOCK, k - k0);
                boolean last = k0 + depth == k;
                PanelsF64.pack(bt, j0, columns, k0, depth, TileF64.COLUMNS, scratch.b);
                for (int i0 = m0; i0 < m1; i0 += M_BLOCK) {
                    int rows = Math.min(M_BLOCK, m1 - i0);
                    PanelsF64.pack(a, i0, rows, k0, depth, TileF64.ROWS, scratch.a);
                    for (int j = 0; j < columns; j += TileF64.COLUMNS) {
                        int width = Math.min(TileF64.COLUMNS, columns - j);
                        for (int i = 0; i < rows; i += TileF64.ROWS) {
                            TileF64.run(scratch.a, i * depth, scratch.b, j * depth, depth, scratch.tile);
                            int height = Math.min(TileF64.ROWS, rows - i);
                            for (int r = 0; r < height; r++) {
                                int at = co + (i0 + i + r) * ldc + j0 + j;
                                merge(scratch.tile, r * TileF64.COLUMNS, width, k0 == 0, c, at);
                                if (last) {
                                    finish(bias, j0 + j, width, c, at);
                                }
                            }
                        }
                    }
                }
                k0 += depth;
            } while (k0 < k);
        }
    }

    /// One row of a tile into C: the total of the first block, or one more block added to it.
    private static void merge(double[] tile, int from, int width, boolean first, double[] c, int at) {
        if (Machine.VECTORS && width == TileF64.COLUMNS) {
            for (int j = 0; j < TileF64.COLUMNS; j += LanesF64.LENGTH) {
                var sum = LanesF64.load(tile, from + j);
                (first ? sum : LanesF64.load(c, at + j).add(sum)).intoArray(c, at + j);
            }
            return;
        }
        for (int j = 0; j < width; j++) {
            c[at + j] = first ? tile[from + j] : c[at + j] + tile[from + j];
        }
    }

    /// The bias, and canonical NaNs.
    private static void finish(double @Nullable [] bias, int b, int width, double[] c, int at) {
        if (Machine.VECTORS && width == TileF64.COLUMNS) {
            for (int j = 0; j < TileF64.COLUMNS; j += LanesF64.LENGTH) {
                var sum = LanesF64.load(c, at + j);
                LanesF64.canonical(bias == null ? sum : sum.add(LanesF64.load(bias, b + j)))
                        .intoArray(c, at + j);
            }
            return;
        }
        for (int j = 0; j < width; j++) {
            c[at + j] = LanesF64.canonical(bias == null ? c[at + j] : c[at + j] + bias[b + j]);
        }
    }
}

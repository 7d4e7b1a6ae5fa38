package deepflow.cpu;

/// Scaled dot-product attention, head by head, forward and backward: the bits of the composition that
/// [deepflow.tensor.Backend#attention] names, without its (T, S) scores and probabilities in memory.
///
/// Each head's queries are taken in blocks of [ProductsF64#K_BLOCK] rows. A softmax sees a whole row, and a sum over
/// queries (dk, dv) is cut at the same places as the product's definition cuts it, so nothing is added in another
/// order. The backward computes the probabilities of a block anew.
final class AttentionF64 {
    private static final int ROWS = ProductsF64.K_BLOCK;

    /// Heads side by side: head h of sample n has rows `stride` apart, beginning at
    /// `n·samples + first + h·width`.
    ///
    /// @param samples elements from one sample to the next
    /// @param stride elements from one token to the next
    /// @param first column of the first head
    record Heads(double[] data, int samples, int stride, int first) {
        MatrixF64 head(int n, int h, int width) {
            return new MatrixF64(data, n * samples + first + h * width, stride, 1);
        }
    }

    private final int heads;
    private final int t;
    private final int s;
    private final int d;
    private final double scale;

    /// @param heads h, of each sample
    /// @param t queries
    /// @param s keys
    /// @param d width of a head
    /// @param scale of the scores
    AttentionF64(int heads, int t, int s, int d, double scale) {
        this.heads = heads;
        this.t = t;
        this.s = s;
        this.d = d;
        this.scale = scale;
    }

    /// Elementary operations for one head, roughly.
    double cost(int products) {
        return (double) t * s * (products * d / 8.0 + 8);
    }

    /// Room for one head's intermediate results, from the pool and back to it.
    private final class Room implements AutoCloseable {
        private final PoolF64 pool;
        private final double[] p;
        private final double[] dp;
        private final double[] left;
        private final double[] right;

        Room(PoolF64 pool) {
            int rows = Math.min(t, ROWS);
            this.pool = pool;
            this.p = pool.take(rows * s);
            this.dp = pool.take(rows * s);
            this.left = pool.take(ProductF64.leftSize(s, rows, true));
            int keys = Math.max(ProductF64.rightSize(s, d), ProductF64.rightSize(d, s));
            this.right = pool.take(Math.max(keys, ProductF64.rightSize(d, rows)));
        }

        /// C = A·B, or C = C + A·B.
        void product(MatrixF64 a, MatrixF64 b, int m, int n, int k, boolean adds, MatrixF64 c) {
            new ProductF64(new ProductSize(1, m, n, k, ProductsF64.K_BLOCK), 1, a, b, adds, null, c, left, right).run();
        }

        @Override
        public void close() {
            pool.give(p);
            pool.give(dp);
            pool.give(left);
            pool.give(right);
        }
    }

    /// p ← softmax(scale·q·kᵀ) of some queries.
    private void probabilities(Room room, MatrixF64 q, MatrixF64 k, int rows) {
        room.product(q, k.transpose(), rows, s, d, false, MatrixF64.of(room.p, 0, s, false));
        for (int r = 0; r < rows; r++) {
            RowsF64.multiply(room.p, r * s, scale, s);
        }
        RowsF64.softmax(room.p, room.p, s, 0, rows);
    }

    private static MatrixF64 from(MatrixF64 m, int row) {
        return new MatrixF64(m.data(), m.at(row, 0), m.rowStride(), m.columnStride());
    }

    /// out = softmax(scale·q·kᵀ)·v for heads [from, to), counted through all samples.
    void forward(PoolF64 pool, Heads q, Heads k, Heads v, Heads out, int from, int to) {
        try (Room room = new Room(pool)) {
            for (int i = from; i < to; i++) {
                int n = i / heads;
                int h = i % heads;
                for (int t0 = 0; t0 == 0 || t0 < t; t0 += ROWS) {
                    int rows = Math.min(ROWS, t - t0);
                    probabilities(room, from(q.head(n, h, d), t0), k.head(n, h, d), rows);
                    MatrixF64 p = MatrixF64.of(room.p, 0, s, false);
                    room.product(p, v.head(n, h, d), rows, d, s, false, from(out.head(n, h, d), t0));
                }
            }
        }
    }

    /// Forward: out = p·v, p = softmax(scale·q·kᵀ). Backward: dv = pᵀ·dout, ds = scale·softmaxBackward(p, dout·vᵀ),
    /// dq = ds·k, dk = dsᵀ·q.
    void backward(PoolF64 pool, Heads q, Heads k, Heads v, Heads dout, Heads dq, Heads dk, Heads dv, int from, int to) {
        try (Room room = new Room(pool)) {
            MatrixF64 p = MatrixF64.of(room.p, 0, s, false);
            MatrixF64 ds = MatrixF64.of(room.dp, 0, s, false);
            for (int i = from; i < to; i++) {
                int n = i / heads;
                int h = i % heads;
                MatrixF64 keys = k.head(n, h, d);
                for (int t0 = 0; t0 == 0 || t0 < t; t0 += ROWS) {
                    int rows = Math.min(ROWS, t - t0);
                    boolean adds = t0 > 0;
                    MatrixF64 queries = from(q.head(n, h, d), t0);
                    MatrixF64 dy = from(dout.head(n, h, d), t0);
                    probabilities(room, queries, keys, rows);
                    room.product(p.transpose(), dy, s, d, rows, adds, dv.head(n, h, d));
                    room.product(dy, v.head(n, h, d).transpose(), rows, s, d, false, ds);
                    RowsF64.softmaxBackward(room.p, room.dp, room.dp, s, 0, rows);
                    for (int r = 0; r < rows; r++) {
                        RowsF64.multiply(room.dp, r * s, scale, s);
                    }
                    room.product(ds, keys, rows, d, s, false, from(dq.head(n, h, d), t0));
                    room.product(ds.transpose(), queries, s, d, rows, adds, dk.head(n, h, d));
                }
            }
        }
    }
}

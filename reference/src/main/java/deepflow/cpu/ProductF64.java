package deepflow.cpu;

import org.jspecify.annotations.Nullable;

/// One matrix product C = A·B (+ bias), to the bit as [ProductsF64] defines it, in two phases: first every
/// [panel][#pack] of the operands, then every [piece][#multiply] of C. Within a phase the order is free, and
/// different threads may take different parts.
final class ProductF64 {
    /// Rows of a piece of C: with K_BLOCK numbers each they stay in second-level cache.
    private static final int PIECE_ROWS = 128;
    /// Panels of B that meet a piece, at most: with K_BLOCK doubles each of their columns takes 256 KiB of second-level
    /// cache.
    private static final int PIECE_PANELS = 8;

    private final MatrixF64 a;
    private final MatrixF64 b;
    private final int m;
    private final int n;
    private final int k;
    private final int block;
    private final boolean adds;
    private final double @Nullable [] bias;
    private final MatrixF64 c;
    private final double[] left;
    private final double[] right;
    private final boolean packsLeft;
    private final int pieceRows;
    private final int pieceColumns;

    /// @param size extents; of one product, whatever `batches` says
    /// @param threads that share its pieces
    /// @param a (M, K)
    /// @param b (K, N)
    /// @param adds whether C holds the total of earlier blocks of k, to which these are added
    /// @param bias N numbers added to every row, or null
    /// @param c (M, N), its rows contiguous
    /// @param left room for [#leftSize] elements
    /// @param right room for [#rightSize] elements
    ProductF64(
            ProductSize size,
            int threads,
            MatrixF64 a,
            MatrixF64 b,
            boolean adds,
            double @Nullable [] bias,
            MatrixF64 c,
            double[] left,
            double[] right) {
        this.a = a;
        this.b = b;
        this.m = size.m();
        this.n = size.n();
        this.k = size.k();
        this.block = size.block();
        this.adds = adds;
        this.bias = bias;
        this.c = c;
        this.left = left;
        this.right = right;
        this.packsLeft = a.columnStride() != 1;
        this.pieceRows = (m + PIECE_ROWS - 1) / PIECE_ROWS;
        this.pieceColumns = pieceColumns(PanelsF64.count(n), pieceRows, threads);
    }

    /// Pieces side by side: as few as [#PIECE_PANELS] allows, or up to twice as many where threads then have equally
    /// many pieces.
    private static int pieceColumns(int panels, int pieceRows, int threads) {
        int least = (panels + PIECE_PANELS - 1) / PIECE_PANELS;
        for (int columns = least; columns <= Math.min(panels, 2 * least); columns++) {
            if ((long) pieceRows * columns % threads == 0) {
                return columns;
            }
        }
        return least;
    }

    /// Elements that the panels of A take: none if its rows lie along k.
    static int leftSize(int m, int k, boolean transposed) {
        return transposed ? PanelsF64.size(m, k) : 0;
    }

    /// Elements that the panels of B take.
    static int rightSize(int n, int k) {
        return PanelsF64.size(n, k);
    }

    /// How many panels there are to pack.
    int panels() {
        return PanelsF64.count(n) + (packsLeft ? PanelsF64.count(m) : 0);
    }

    /// Packs panels [from, to).
    void pack(int from, int to) {
        MatrixF64 columns = b.transpose();
        int ofRight = PanelsF64.count(n);
        for (int p = from; p < to; p++) {
            if (p < ofRight) {
                PanelsF64.pack(columns, n, k, block, p, right);
            } else {
                PanelsF64.pack(a, m, k, block, p - ofRight, left);
            }
        }
    }

    /// How many pieces C has.
    int pieces() {
        return pieceRows * pieceColumns;
    }

    /// Computes pieces [from, to); neighbours have columns in common.
    void multiply(int from, int to) {
        double[] tile = new double[TileF64.ROWS * TileF64.COLUMNS];
        for (int p = from; p < to; p++) {
            int i0 = p % pieceRows * PIECE_ROWS;
            int column = p / pieceRows;
            piece(i0, Math.min(m, i0 + PIECE_ROWS), firstPanel(column), firstPanel(column + 1), tile);
        }
    }

    /// Of a column of pieces; they are equally wide but for one panel.
    private int firstPanel(int column) {
        return Math.toIntExact((long) PanelsF64.count(n) * column / pieceColumns);
    }

    /// Both phases, by this thread.
    void run() {
        pack(0, panels());
        multiply(0, pieces());
    }

    /// Rows [i0, i1) and the columns of panels [p0, p1).
    private void piece(int i0, int i1, int p0, int p1, double[] tile) {
        int k0 = 0;
        do { // at least once, so that an empty sum is written too
            int depth = Math.min(block, k - k0);
            boolean first = k0 == 0 && !adds;
            for (int p = p0; p < p1; p++) {
                int panel = PanelsF64.at(n, k0, depth, p);
                int j = p * TileF64.COLUMNS;
                for (int i = i0; i < i1; i += TileF64.ROWS) {
                    if (i + TileF64.ROWS <= i1 && j + TileF64.COLUMNS <= n) {
                        tile(i, k0, depth, panel, c.data(), c.at(i, j), c.rowStride(), first);
                    } else {
                        tile(i, k0, depth, panel, tile, 0, TileF64.COLUMNS, true);
                        merge(tile, i, i1, j, first);
                    }
                }
            }
            k0 += depth;
        } while (k0 < k);
        int j0 = p0 * TileF64.COLUMNS;
        int width = Math.min(n, p1 * TileF64.COLUMNS) - j0;
        for (int i = i0; i < i1; i++) {
            finish(bias, j0, c.data(), c.at(i, j0), width);
        }
    }

    private void tile(int i, int k0, int depth, int panel, double[] to, int at, int stride, boolean first) {
        if (packsLeft) {
            int row = i % TileF64.COLUMNS; // of its panel; panels are a whole number of tiles high
            int ao = PanelsF64.at(m, k0, depth, i / TileF64.COLUMNS) + row;
            TileF64.columns(left, ao, right, panel, depth, to, at, stride, first);
        } else {
            TileF64.rows(a.data(), a.at(i, k0), a.rowStride(), m - 1 - i, right, panel, depth, to, at, stride, first);
        }
    }

    /// What lies within C of a tile at its edge.
    private void merge(double[] tile, int i, int i1, int j, boolean first) {
        int width = Math.min(TileF64.COLUMNS, n - j);
        for (int r = 0; r < Math.min(TileF64.ROWS, i1 - i); r++) {
            int at = c.at(i + r, j);
            for (int q = 0; q < width; q++) {
                double sum = tile[r * TileF64.COLUMNS + q];
                c.data()[at + q] = first ? sum : c.data()[at + q] + sum;
            }
        }
    }

    /// The bias, and canonical NaNs, in one row.
    private static void finish(double @Nullable [] bias, int from, double[] c, int at, int width) {
        if (bias == null) {
            LanesF64.canonical(c, at, at + width);
            return;
        }
        int j = 0;
        for (int end = LanesF64.body(width); j < end; j += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(c, at + j).add(LanesF64.load(bias, from + j)))
                    .intoArray(c, at + j);
        }
        for (; j < width; j++) {
            c[at + j] = LanesF64.canonical(c[at + j] + bias[from + j]);
        }
    }
}

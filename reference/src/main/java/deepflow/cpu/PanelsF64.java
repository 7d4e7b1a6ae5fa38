package deepflow.cpu;

/// The pack phase of a product: an operand copied into the order in which [TileF64] reads it.
///
/// A panel holds [TileF64#COLUMNS] rows of a matrix over the values of k in one block: as many numbers for the first k,
/// then for the next, and so on. The panels of a block of k stand one behind the other, the blocks too. The last panel
/// is filled up with zeros; the tile computes with them, and what comes of it is thrown away.
final class PanelsF64 {
    private static final int WIDTH = TileF64.COLUMNS;

    private PanelsF64() {}

    /// How many panels `rows` rows make.
    static int count(int rows) {
        return (int) ((rows + WIDTH - 1L) / WIDTH);
    }

    /// Elements that all panels of a matrix of `rows` rows and `k` columns take.
    static int size(int rows, int k) {
        return Math.multiplyExact(count(rows) * WIDTH, k);
    }

    /// Where panel `index` begins in the block of `depth` values of k from `k0` on.
    static int at(int rows, int k0, int depth, int index) {
        return (count(rows) * k0 + index * depth) * WIDTH;
    }

    /// Packs panel `index` of the rows of `m`, for all blocks of k.
    static void pack(MatrixF64 m, int rows, int k, int block, int index, double[] to) {
        int row = index * WIDTH;
        int full = Math.min(WIDTH, rows - row);
        for (int k0 = 0; k0 < k; k0 += block) {
            int depth = Math.min(block, k - k0);
            int at = at(rows, k0, depth, index);
            if (m.rowStride() == 1) {
                copy(m.data(), m.at(row, k0), m.columnStride(), full, depth, to, at);
            } else {
                transpose(m.data(), m.at(row, k0), m.rowStride(), full, depth, to, at);
            }
        }
    }

    /// For each k, `full` neighbours in memory.
    private static void copy(double[] from, int offset, int stride, int full, int depth, double[] to, int at) {
        if (full == WIDTH && Machine.VECTORS) {
            for (int k = 0; k < depth; k++) {
                LanesF64.load(from, offset + k * stride).intoArray(to, at + k * WIDTH);
                LanesF64.load(from, offset + k * stride + LanesF64.LENGTH)
                        .intoArray(to, at + k * WIDTH + LanesF64.LENGTH);
            }
            return;
        }
        for (int k = 0; k < depth; k++) {
            for (int c = 0; c < full; c++) {
                to[at + k * WIDTH + c] = from[offset + k * stride + c];
            }
            for (int c = full; c < WIDTH; c++) {
                to[at + k * WIDTH + c] = 0.0;
            }
        }
    }

    /// `full` rows, each with neighbouring k next to each other in memory.
    private static void transpose(double[] from, int offset, int stride, int full, int depth, double[] to, int at) {
        int c = 0;
        for (; c + 4 <= full; c += 4) {
            int row0 = offset + c * stride;
            int row1 = row0 + stride;
            int row2 = row1 + stride;
            int row3 = row2 + stride;
            for (int k = 0; k < depth; k++) {
                to[at + c + k * WIDTH] = from[row0 + k];
                to[at + c + k * WIDTH + 1] = from[row1 + k];
                to[at + c + k * WIDTH + 2] = from[row2 + k];
                to[at + c + k * WIDTH + 3] = from[row3 + k];
            }
        }
        for (; c < WIDTH; c++) {
            for (int k = 0; k < depth; k++) {
                to[at + k * WIDTH + c] = c < full ? from[offset + c * stride + k] : 0.0;
            }
        }
    }
}

package deepflow.cpu;

/// The pack phase of a product: pieces of the operands, copied into the order in which [TileF64] reads them.
///
/// A panel of width w over `depth` values of k holds w numbers for the first k, then w for the next, and so on.
/// The left operand's panels are [TileF64#ROWS] wide, the right one's [TileF64#COLUMNS]. The last panel is filled
/// up with zeros; the tile computes with them and throws the results away.
final class PanelsF64 {
    private PanelsF64() {}

    /// Elements that `count` rows or columns take in panels of a width.
    static int size(int count, int width, int depth) {
        return (count + width - 1) / width * width * depth;
    }

    /// Packs rows [i0, i0 + count) and columns [k0, k0 + depth) of `m` into panels of `width` rows.
    static void pack(MatrixF64 m, int i0, int count, int k0, int depth, int width, double[] to) {
        for (int i = 0; i < count; i += width) {
            int at = i * depth;
            int full = Math.min(width, count - i);
            if (m.rowStride() == 1) {
                copy(m.data(), m.at(i0 + i, k0), m.columnStride(), full, depth, width, to, at);
            } else {
                transpose(m.data(), m.at(i0 + i, k0), m.rowStride(), full, depth, width, to, at);
            }
        }
    }

    /// For each k, `full` neighbours in memory.
    private static void copy(
            double[] from, int offset, int stride, int full, int depth, int width, double[] to, int at) {
        if (full == width && width % LanesF64.LENGTH == 0 && Machine.VECTORS) {
            for (int k = 0; k < depth; k++) {
                for (int c = 0; c < width; c += LanesF64.LENGTH) {
                    LanesF64.load(from, offset + k * stride + c).intoArray(to, at + k * width + c);
                }
            }
            return;
        }
        for (int k = 0; k < depth; k++) {
            for (int c = 0; c < full; c++) {
                to[at + k * width + c] = from[offset + k * stride + c];
            }
            for (int c = full; c < width; c++) {
                to[at + k * width + c] = 0.0;
            }
        }
    }

    /// `full` rows, each with neighbouring k next to each other in memory.
    private static void transpose(
            double[] from, int offset, int stride, int full, int depth, int width, double[] to, int at) {
        int c = 0;
        for (; c + 4 <= full; c += 4) {
            int row0 = offset + c * stride;
            int row1 = row0 + stride;
            int row2 = row1 + stride;
            int row3 = row2 + stride;
            for (int k = 0, o = at + c; k < depth; k++, o += width) {
                to[o] = from[row0 + k];
                to[o + 1] = from[row1 + k];
                to[o + 2] = from[row2 + k];
                to[o + 3] = from[row3 + k];
            }
        }
        for (; c < width; c++) {
            for (int k = 0; k < depth; k++) {
                to[at + k * width + c] = c < full ? from[offset + c * stride + k] : 0.0;
            }
        }
    }
}

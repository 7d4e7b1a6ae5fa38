package deepflow.cpu;

import deepflow.tensor.Shape;

/// Operations that move elements and compute nothing, and the scattered sum that goes with the gathered copy.
final class LayoutF64 {
    private LayoutF64() {}

    /// out ← x with its axes in a new order.
    static void permute(Threads threads, double[] x, Shape from, Shape to, int[] axes, double[] out) {
        int rank = axes.length;
        if (rank == 0 || out.length == 0) {
            System.arraycopy(x, 0, out, 0, out.length);
            return;
        }
        int[] stride = new int[rank]; // in x, of each axis of the result
        for (int a = 0; a < rank; a++) {
            stride[a] = from.product(axes[a] + 1, rank);
        }
        int inner = to.dim(-1);
        int step = stride[rank - 1];
        threads.split(out.length / inner, 2.0 * inner, 1, (first, end) -> {
            for (int row = first; row < end; row++) {
                int at = 0;
                int rest = row;
                for (int a = rank - 2; a >= 0; a--) {
                    at += rest % to.dim(a) * stride[a];
                    rest /= to.dim(a);
                }
                if (step == 1) {
                    System.arraycopy(x, at, out, row * inner, inner);
                } else {
                    for (int j = 0; j < inner; j++) {
                        out[row * inner + j] = x[at + j * step];
                    }
                }
            }
        });
    }

    /// Copies `outer` runs of `run` elements, `stride` apart in each array.
    static void runs(double[] x, int xo, int xStride, double[] out, int o, int oStride, int outer, int run) {
        for (int i = 0; i < outer; i++) {
            System.arraycopy(x, xo + i * xStride, out, o + i * oStride, run);
        }
    }

    /// out[n] = table[indices[n]].
    static void gather(double[] table, int rows, int[] indices, int d, double[] out) {
        for (int n = 0; n < indices.length; n++) {
            System.arraycopy(table, checked("gather", indices[n], rows) * d, out, n * d, d);
        }
    }

    /// Forward: out[n] = table[indices[n]]. Backward: dtable[indices[n]] += dy[n], in increasing order of n, from +0.
    static void gatherBackward(double[] dy, int[] indices, int d, int rows, double[] dtable) {
        for (int n = 0; n < indices.length; n++) {
            int at = checked("gatherBackward", indices[n], rows) * d;
            for (int j = 0; j < d; j++) {
                dtable[at + j] += dy[n * d + j];
            }
        }
        LanesF64.canonical(dtable, 0, dtable.length);
    }

    private static int checked(String operation, int index, int rows) {
        if (index < 0 || index >= rows) {
            throw new IndexOutOfBoundsException(operation + " expects indices in [0, " + rows + "), got " + index);
        }
        return index;
    }
}

package deepflow.cpu;

import deepflow.tensor.Shape;
import deepflow.thread.Threads;
import java.util.Arrays;

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

    /// out ← x as a part of a concatenation along an axis, `at` elements into each run of `whole`.
    ///
    /// @return elements that the part takes in each run
    static int insert(double[] x, Shape part, Shape whole, int axis, int at, double[] out) {
        int run = part.product(axis, part.rank());
        int stride = whole.product(axis, whole.rank());
        for (int i = 0; i < whole.product(0, axis); i++) {
            System.arraycopy(x, i * run, out, i * stride + at, run);
        }
        return run;
    }

    /// out ← elements of x along an axis, starting at `from`.
    static void slice(double[] x, Shape whole, Shape part, int axis, int from, double[] out) {
        int run = part.product(axis, part.rank());
        int stride = whole.product(axis, whole.rank());
        int first = from * whole.product(axis + 1, whole.rank());
        for (int i = 0; i < part.product(0, axis); i++) {
            System.arraycopy(x, i * stride + first, out, i * run, run);
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
        Arrays.fill(dtable, 0.0);
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

package deepflow.cpu;

import deepflow.thread.Threads;
import java.util.Arrays;
import jdk.incubator.vector.VectorOperators;

/// Sums over axes and over everything.
///
/// **Definition of sums over axes**: axes as merged by [Pattern] are summed away one after the other, innermost
/// first. The innermost axis of all is summed as a row ([RowSumsF64]); one further out is cut into blocks of
/// [#BLOCK], each block's sum starts at +0 and grows in increasing order of the index, and the blocks' sums are
/// added to the first one's in order.
final class SumsF64 {
    /// Rows after which a new partial sum begins.
    static final int BLOCK = 256;

    private SumsF64() {}

    /// The sums over the axes that the pattern does not share, as a new array.
    static double[] over(Threads threads, double[] x, Pattern pattern) {
        double[] values = x;
        int inner = 1; // product of the shared extents inside the axis at hand
        for (int axis = pattern.rank() - 1; axis >= 0; axis--) {
            int n = pattern.extents()[axis];
            int outer = outside(pattern, axis); // product of all extents outside it, and of its own
            if (pattern.shared()[axis]) {
                inner *= n;
            } else {
                values = over(threads, values, outer, n, inner);
            }
        }
        if (values == x) {
            values = x.clone();
        }
        LanesF64.canonical(values, 0, values.length);
        return values;
    }

    private static int outside(Pattern pattern, int axis) {
        int p = 1;
        for (int i = 0; i < axis; i++) {
            p *= pattern.extents()[i];
        }
        return p;
    }

    /// (outer, n, inner) → (outer, inner).
    private static double[] over(Threads threads, double[] x, int outer, int n, int inner) {
        double[] out = new double[outer * inner];
        if (inner == 1) {
            threads.split(outer, n, 1, (from, to) -> {
                double[] lanes = RowSumsF64.room();
                for (int o = from; o < to; o++) {
                    out[o] = RowSumsF64.sum(x, o * n, n, lanes);
                }
            });
        } else if (outer == 1) {
            threads.split(inner, n, LanesF64.VIRTUAL, (from, to) -> columns(x, 0, n, inner, from, to, out, 0));
        } else {
            threads.split(outer, (double) n * inner, 1, (from, to) -> {
                for (int o = from; o < to; o++) {
                    columns(x, o * n * inner, n, inner, 0, inner, out, o * inner);
                }
            });
        }
        return out;
    }

    /// Columns [from, to) of n rows of `width` elements at `at`.
    private static void columns(double[] x, int at, int n, int width, int from, int to, double[] out, int o) {
        double[] block = new double[to - from];
        for (int r0 = 0; r0 < n; r0 += BLOCK) {
            Arrays.fill(block, 0.0);
            for (int r = r0; r < Math.min(n, r0 + BLOCK); r++) {
                accumulate(x, at + r * width + from, block, 0, to - from);
            }
            if (r0 == 0) {
                System.arraycopy(block, 0, out, o + from, to - from);
            } else {
                accumulate(block, 0, out, o + from, to - from);
            }
        }
    }

    private static void accumulate(double[] x, int xo, double[] sum, int so, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            LanesF64.load(sum, so + i).add(LanesF64.load(x, xo + i)).intoArray(sum, so + i);
        }
        for (; i < n; i++) {
            sum[so + i] += x[xo + i];
        }
    }

    /// Σ x²: the sums of squares of blocks of [RowSumsF64#BLOCK], summed.
    static double ofSquares(Threads threads, double[] x) {
        double[] totals = new double[(int) ((x.length + RowSumsF64.BLOCK - 1L) / RowSumsF64.BLOCK)];
        threads.split(totals.length, RowSumsF64.BLOCK, 1, (from, to) -> {
            double[] lanes = RowSumsF64.room();
            for (int b = from; b < to; b++) {
                int at = b * RowSumsF64.BLOCK;
                totals[b] = RowSumsF64.dot(x, at, x, at, Math.min(RowSumsF64.BLOCK, x.length - at), lanes);
            }
        });
        return LanesF64.canonical(RowSumsF64.sum(totals, 0, totals.length, RowSumsF64.room()));
    }

    /// How many elements are NaN or infinite.
    static long nonFinite(Threads threads, double[] x) {
        int[] counts = new int[(int) ((x.length + RowSumsF64.BLOCK - 1L) / RowSumsF64.BLOCK)];
        threads.split(counts.length, RowSumsF64.BLOCK, 1, (from, to) -> {
            for (int b = from; b < to; b++) {
                int at = b * RowSumsF64.BLOCK;
                counts[b] = nonFinite(x, at, Math.min(x.length, at + RowSumsF64.BLOCK));
            }
        });
        long count = 0;
        for (int c : counts) {
            count += c;
        }
        return count;
    }

    private static int nonFinite(double[] x, int from, int to) {
        int count = 0;
        int i = from;
        for (int end = from + LanesF64.body(to - from); i < end; i += LanesF64.LENGTH) {
            var v = LanesF64.load(x, i);
            count += v.sub(v).compare(VectorOperators.NE, 0.0).trueCount(); // ∞ − ∞ is NaN
        }
        for (; i < to; i++) {
            count += Double.isFinite(x[i]) ? 0 : 1;
        }
        return count;
    }
}

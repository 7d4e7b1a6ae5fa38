package deepflow.cpu;

import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;

/// Sums over neighbouring elements, in an order that depends on their number only.
///
/// **Definition**: with L virtual lanes ([LanesF64#VIRTUAL], 512 bits), lane j starts at +0 and takes elements j,
/// j + L, j + 2L, … in that order; then, for w = L/2, L/4, …, 1, lane j takes lane j + w for all j < w; lane 0 is
/// the sum. The lanes are carried by 1, 2 or 4 hardware vectors, or by an array.
///
/// Sums longer than [#BLOCK] are taken block by block, and the blocks' sums are summed by the same rule.
///
/// Every method takes room for the lanes ([#room]) from its caller, who needs it for many rows: an array a row would
/// be most of what a step allocates.
final class RowSumsF64 {
    /// Elements after which a new partial sum begins.
    static final int BLOCK = 4096;

    private RowSumsF64() {}

    /// Room for the lanes of one sum after the other.
    static double[] room() {
        return new double[LanesF64.VIRTUAL];
    }

    /// Σ x[i] for i in [from, from + n).
    static double sum(double[] x, int from, int n, double[] lanes) {
        if (n > BLOCK) {
            double[] totals = new double[(int) ((n + BLOCK - 1L) / BLOCK)];
            for (int b = 0; b < totals.length; b++) {
                totals[b] = sum(x, from + b * BLOCK, Math.min(BLOCK, n - b * BLOCK), lanes);
            }
            return sum(totals, 0, totals.length, lanes);
        }
        Arrays.fill(lanes, 0.0);
        int end = Machine.VECTORS ? n / LanesF64.VIRTUAL * LanesF64.VIRTUAL : 0;
        if (end > 0) {
            DoubleVector s0 = LanesF64.all(0.0);
            DoubleVector s1 = s0;
            DoubleVector s2 = s0;
            DoubleVector s3 = s0;
            for (int i = from; i < from + end; i += LanesF64.VIRTUAL) {
                s0 = s0.add(LanesF64.load(x, i));
                if (LanesF64.PARTS > 1) {
                    s1 = s1.add(LanesF64.load(x, i + LanesF64.LENGTH));
                }
                if (LanesF64.PARTS > 2) {
                    s2 = s2.add(LanesF64.load(x, i + 2 * LanesF64.LENGTH));
                    s3 = s3.add(LanesF64.load(x, i + 3 * LanesF64.LENGTH));
                }
            }
            spill(s0, s1, s2, s3, lanes);
        }
        for (int i = end; i < n; i++) {
            lanes[i % LanesF64.VIRTUAL] += x[from + i];
        }
        return tree(lanes);
    }

    /// Σ x[i]·y[i], by FMA into the lanes.
    static double dot(double[] x, int xo, double[] y, int yo, int n, double[] lanes) {
        if (n > BLOCK) {
            double[] totals = new double[(int) ((n + BLOCK - 1L) / BLOCK)];
            for (int b = 0; b < totals.length; b++) {
                totals[b] = dot(x, xo + b * BLOCK, y, yo + b * BLOCK, Math.min(BLOCK, n - b * BLOCK), lanes);
            }
            return sum(totals, 0, totals.length, lanes);
        }
        Arrays.fill(lanes, 0.0);
        int end = Machine.VECTORS ? n / LanesF64.VIRTUAL * LanesF64.VIRTUAL : 0;
        if (end > 0) {
            DoubleVector s0 = LanesF64.all(0.0);
            DoubleVector s1 = s0;
            DoubleVector s2 = s0;
            DoubleVector s3 = s0;
            for (int i = 0; i < end; i += LanesF64.VIRTUAL) {
                s0 = LanesF64.load(x, xo + i).fma(LanesF64.load(y, yo + i), s0);
                if (LanesF64.PARTS > 1) {
                    int j = i + LanesF64.LENGTH;
                    s1 = LanesF64.load(x, xo + j).fma(LanesF64.load(y, yo + j), s1);
                }
                if (LanesF64.PARTS > 2) {
                    int j = i + 2 * LanesF64.LENGTH;
                    s2 = LanesF64.load(x, xo + j).fma(LanesF64.load(y, yo + j), s2);
                    j += LanesF64.LENGTH;
                    s3 = LanesF64.load(x, xo + j).fma(LanesF64.load(y, yo + j), s3);
                }
            }
            spill(s0, s1, s2, s3, lanes);
        }
        for (int i = end; i < n; i++) {
            int lane = i % LanesF64.VIRTUAL;
            lanes[lane] = FmaF64.fma(x[xo + i], y[yo + i], lanes[lane]);
        }
        return tree(lanes);
    }

    /// The largest element that is not NaN, or −∞. (Of +0 and −0 it may be either.)
    static double max(double[] x, int from, int n, double[] lanes) {
        double max = Double.NEGATIVE_INFINITY;
        int end = LanesF64.body(n);
        int i = 0;
        if (end > 0) {
            DoubleVector m = LanesF64.all(Double.NEGATIVE_INFINITY);
            for (; i < end; i += LanesF64.LENGTH) {
                DoubleVector v = LanesF64.load(x, from + i);
                m = m.blend(v, m.lt(v));
            }
            m.intoArray(lanes, 0);
            for (int j = 0; j < LanesF64.LENGTH; j++) {
                max = max < lanes[j] ? lanes[j] : max;
            }
        }
        for (; i < n; i++) {
            max = max < x[from + i] ? x[from + i] : max;
        }
        return max;
    }

    private static void spill(DoubleVector s0, DoubleVector s1, DoubleVector s2, DoubleVector s3, double[] lanes) {
        s0.intoArray(lanes, 0);
        if (LanesF64.PARTS > 1) {
            s1.intoArray(lanes, LanesF64.LENGTH);
        }
        if (LanesF64.PARTS > 2) {
            s2.intoArray(lanes, 2 * LanesF64.LENGTH);
            s3.intoArray(lanes, 3 * LanesF64.LENGTH);
        }
    }

    private static double tree(double[] lanes) {
        for (int w = LanesF64.VIRTUAL / 2; w > 0; w /= 2) {
            for (int j = 0; j < w; j++) {
                lanes[j] += lanes[j + w];
            }
        }
        return lanes[0];
    }
}

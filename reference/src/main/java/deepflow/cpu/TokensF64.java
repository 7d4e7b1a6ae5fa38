package deepflow.cpu;

import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import org.jspecify.annotations.Nullable;

/// Operations on tokens (N, T, D) with a vector for each sample (N, D), in one pass: each element is rounded where
/// the composition rounds it, and sums over tokens run as [SumsF64] defines them.
final class TokensF64 {
    /// Columns that one call of a backward treats: its sums stay in first-level cache.
    static final int COLUMNS = 16 * LanesF64.VIRTUAL;

    private static final int BLOCK = SumsF64.BLOCK;

    private TokensF64() {}

    /// y = z·(1 + scale) + shift for rows [from, to) of all samples' T.
    static void modulate(double[] z, double[] shift, double[] scale, double[] y, int t, int d, int from, int to) {
        for (int r = from; r < to; r++) {
            int o = r * d;
            int v = r / t * d;
            int j = 0;
            for (int end = LanesF64.body(d); j < end; j += LanesF64.LENGTH) {
                DoubleVector factor = LanesF64.load(scale, v + j).add(1.0);
                LanesF64.canonical(LanesF64.load(z, o + j).mul(factor).add(LanesF64.load(shift, v + j)))
                        .intoArray(y, o + j);
            }
            for (; j < d; j++) {
                y[o + j] = LanesF64.canonical(z[o + j] * (scale[v + j] + 1.0) + shift[v + j]);
            }
        }
    }

    /// y = x + h·gate for rows [from, to) of all samples' T.
    static void addGated(double[] x, double[] h, double[] gate, double[] y, int t, int d, int from, int to) {
        for (int r = from; r < to; r++) {
            int o = r * d;
            int v = r / t * d;
            int j = 0;
            for (int end = LanesF64.body(d); j < end; j += LanesF64.LENGTH) {
                DoubleVector product = LanesF64.load(h, o + j).mul(LanesF64.load(gate, v + j));
                LanesF64.canonical(LanesF64.load(x, o + j).add(product)).intoArray(y, o + j);
            }
            for (; j < d; j++) {
                y[o + j] = LanesF64.canonical(x[o + j] + h[o + j] * gate[v + j]);
            }
        }
    }

    /// Forward: y = z·f (+ shift), f = 1 + v or v. Backward: dz = dy·f, dv = Σ dy·z, dshift = Σ dy, for columns
    /// [from, to) of sample n; both sums over T tokens.
    ///
    /// @param plusOne whether f is 1 + v
    /// @param dshift null where there is no shift
    static void backward(
            double[] z,
            double[] v,
            boolean plusOne,
            double[] dy,
            double[] dz,
            double[] dv,
            double @Nullable [] dshift,
            int t,
            int d,
            int n,
            int from,
            int to) {
        int width = to - from;
        int vo = n * d + from;
        double[] factor = new double[width];
        double[] sums = new double[width]; // of dy
        double[] products = new double[width]; // of dy·z
        for (int j = 0; j < width; j++) {
            factor[j] = plusOne ? v[vo + j] + 1.0 : v[vo + j];
        }
        for (int t0 = 0; t0 < t; t0 += BLOCK) {
            Arrays.fill(sums, 0.0);
            Arrays.fill(products, 0.0);
            for (int r = t0; r < Math.min(t, t0 + BLOCK); r++) {
                row(z, factor, dy, dz, (n * t + r) * d + from, sums, products);
            }
            total(products, dv, vo, t0 == 0);
            if (dshift != null) {
                total(sums, dshift, vo, t0 == 0);
            }
        }
    }

    private static void row(
            double[] z, double[] factor, double[] dy, double[] dz, int o, double[] sums, double[] products) {
        int n = factor.length;
        int j = 0;
        for (int end = LanesF64.body(n); j < end; j += LanesF64.LENGTH) {
            DoubleVector g = LanesF64.load(dy, o + j);
            LanesF64.load(products, j).add(g.mul(LanesF64.load(z, o + j))).intoArray(products, j);
            LanesF64.load(sums, j).add(g).intoArray(sums, j);
            LanesF64.canonical(g.mul(LanesF64.load(factor, j))).intoArray(dz, o + j);
        }
        for (; j < n; j++) {
            double g = dy[o + j];
            products[j] += g * z[o + j];
            sums[j] += g;
            dz[o + j] = LanesF64.canonical(g * factor[j]);
        }
    }

    /// The first block's sums, or one more block's.
    private static void total(double[] block, double[] to, int at, boolean first) {
        for (int j = 0; j < block.length; j++) {
            to[at + j] = LanesF64.canonical(first ? block[j] : to[at + j] + block[j]);
        }
    }
}

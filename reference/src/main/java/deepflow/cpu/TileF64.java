package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;

/// The body phase of a product: a tile of C in registers, the sums over one block of k of a[r, k]·b[k, c], each
/// starting
/// at +0 and growing by FMA in increasing order of k. The tile is then written to C, or added to what is there.
///
/// The tile is 4 rows by 2 vectors: 8 accumulators are what two FMA units of latency 4 need, and with 3 operands
/// they fit the 16 registers of AVX2. Where there are 32 it is twice as high ([TallTileF64]); scalar loops use 4 × 4.
/// The shape of the tile changes no bit.
///
/// The right operand comes in a panel ([PanelsF64]). The left one is read where it is if its rows lie along k
/// ([#rows]), or from a panel too if its columns do ([#columns]): its elements are needed one at a time.
final class TileF64 {
    private static final boolean TALL = Machine.VECTORS && Machine.VECTOR_BITS == 512;

    static final int ROWS = TALL ? TallTileF64.ROWS : 4;
    static final int COLUMNS = Machine.VECTORS ? 2 * LanesF64.LENGTH : 4;

    private TileF64() {}

    /// A tile whose left operand has row r at `ao + min(r, last)·stride`.
    ///
    /// @param last the last row there is
    /// @param b panel at `bo`
    /// @param first whether C is written; otherwise it is added to
    static void rows(
            double[] a,
            int ao,
            int stride,
            int last,
            double[] b,
            int bo,
            int depth,
            double[] c,
            int co,
            int ldc,
            boolean first) {
        if (TALL) {
            TallTileF64.rows(a, ao, stride, last, b, bo, depth, c, co, ldc, first);
            return;
        }
        int a0 = ao;
        int a1 = ao + Math.min(1, last) * stride;
        int a2 = ao + Math.min(2, last) * stride;
        int a3 = ao + Math.min(3, last) * stride;
        if (!Machine.VECTORS) {
            for (int r = 0; r < ROWS; r++) {
                scalar(a, ao + Math.min(r, last) * stride, 1, b, bo, depth, c, co + r * ldc, first);
            }
            return;
        }
        DoubleVector c00 = LanesF64.all(0.0);
        DoubleVector c01 = c00;
        DoubleVector c10 = c00;
        DoubleVector c11 = c00;
        DoubleVector c20 = c00;
        DoubleVector c21 = c00;
        DoubleVector c30 = c00;
        DoubleVector c31 = c00;
        for (int k = 0; k < depth; k++) {
            DoubleVector b0 = DoubleVector.fromArray(LanesF64.SPECIES, b, bo + k * COLUMNS);
            DoubleVector b1 = DoubleVector.fromArray(LanesF64.SPECIES, b, bo + k * COLUMNS + LanesF64.LENGTH);
            DoubleVector x = DoubleVector.broadcast(LanesF64.SPECIES, a[a0 + k]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[a1 + k]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[a2 + k]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[a3 + k]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
        }
        if (!first) {
            c00 = LanesF64.load(c, co).add(c00);
            c01 = LanesF64.load(c, co + LanesF64.LENGTH).add(c01);
            c10 = LanesF64.load(c, co + ldc).add(c10);
            c11 = LanesF64.load(c, co + ldc + LanesF64.LENGTH).add(c11);
            c20 = LanesF64.load(c, co + 2 * ldc).add(c20);
            c21 = LanesF64.load(c, co + 2 * ldc + LanesF64.LENGTH).add(c21);
            c30 = LanesF64.load(c, co + 3 * ldc).add(c30);
            c31 = LanesF64.load(c, co + 3 * ldc + LanesF64.LENGTH).add(c31);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LanesF64.LENGTH);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + LanesF64.LENGTH);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + LanesF64.LENGTH);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + LanesF64.LENGTH);
    }

    /// A tile whose left operand is part of a panel: a[r, k] at `ao + k·COLUMNS + r`.
    ///
    /// @param b panel at `bo`
    /// @param first whether C is written; otherwise it is added to
    static void columns(double[] a, int ao, double[] b, int bo, int depth, double[] c, int co, int ldc, boolean first) {
        if (TALL) {
            TallTileF64.columns(a, ao, b, bo, depth, c, co, ldc, first);
            return;
        }
        if (!Machine.VECTORS) {
            for (int r = 0; r < ROWS; r++) {
                scalar(a, ao + r, COLUMNS, b, bo, depth, c, co + r * ldc, first);
            }
            return;
        }
        DoubleVector c00 = LanesF64.all(0.0);
        DoubleVector c01 = c00;
        DoubleVector c10 = c00;
        DoubleVector c11 = c00;
        DoubleVector c20 = c00;
        DoubleVector c21 = c00;
        DoubleVector c30 = c00;
        DoubleVector c31 = c00;
        for (int k = 0; k < depth; k++) {
            DoubleVector b0 = DoubleVector.fromArray(LanesF64.SPECIES, b, bo + k * COLUMNS);
            DoubleVector b1 = DoubleVector.fromArray(LanesF64.SPECIES, b, bo + k * COLUMNS + LanesF64.LENGTH);
            DoubleVector x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS + 1]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS + 2]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS + 3]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
        }
        if (!first) {
            c00 = LanesF64.load(c, co).add(c00);
            c01 = LanesF64.load(c, co + LanesF64.LENGTH).add(c01);
            c10 = LanesF64.load(c, co + ldc).add(c10);
            c11 = LanesF64.load(c, co + ldc + LanesF64.LENGTH).add(c11);
            c20 = LanesF64.load(c, co + 2 * ldc).add(c20);
            c21 = LanesF64.load(c, co + 2 * ldc + LanesF64.LENGTH).add(c21);
            c30 = LanesF64.load(c, co + 3 * ldc).add(c30);
            c31 = LanesF64.load(c, co + 3 * ldc + LanesF64.LENGTH).add(c31);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LanesF64.LENGTH);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + LanesF64.LENGTH);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + LanesF64.LENGTH);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + LanesF64.LENGTH);
    }

    /// One row of a tile, one element at a time, two by two to halve the loads; a[k] at `ao + k·step`.
    private static void scalar(
            double[] a, int ao, int step, double[] b, int bo, int depth, double[] c, int co, boolean first) {
        for (int j = 0; j < COLUMNS; j += 2) {
            double c0 = 0.0;
            double c1 = 0.0;
            for (int k = 0; k < depth; k++) {
                double x = a[ao + k * step];
                c0 = FmaF64.fma(x, b[bo + k * COLUMNS + j], c0);
                c1 = FmaF64.fma(x, b[bo + k * COLUMNS + j + 1], c1);
            }
            c[co + j] = first ? c0 : c[co + j] + c0;
            c[co + j + 1] = first ? c1 : c[co + j + 1] + c1;
        }
    }
}

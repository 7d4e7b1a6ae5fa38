package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;

/// The body phase of a product: a tile of C in registers, C[r, c] = Σₖ a[k, r]·b[k, c] over one block of k, each sum
/// starting at +0 and growing by FMA in increasing order of k.
///
/// The tile is 4 rows by 2 vectors: 8 accumulators are what two FMA units of latency 4 need, and with 3 operands
/// they fit the 16 registers of AVX2. Scalar loops use 4 × 4. The shape of the tile changes no bit.
final class TileF64 {
    static final int ROWS = 4;
    static final int COLUMNS = Machine.VECTORS ? 2 * LanesF64.LENGTH : 4;

    private TileF64() {}

    /// The tile's sums over `depth` values of k.
    ///
    /// @param a panel of [#ROWS] rows at `ao`
    /// @param b panel of [#COLUMNS] columns at `bo`
    /// @param c receives the tile, row by row
    static void run(double[] a, int ao, double[] b, int bo, int depth, double[] c) {
        if (Machine.VECTORS) {
            vector(a, ao, b, bo, depth, c);
        } else {
            scalar(a, ao, b, bo, depth, c);
        }
    }

    private static void vector(double[] a, int ao, double[] b, int bo, int depth, double[] c) {
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
            DoubleVector x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * ROWS]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * ROWS + 1]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * ROWS + 2]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * ROWS + 3]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
        }
        c00.intoArray(c, 0);
        c01.intoArray(c, LanesF64.LENGTH);
        c10.intoArray(c, COLUMNS);
        c11.intoArray(c, COLUMNS + LanesF64.LENGTH);
        c20.intoArray(c, 2 * COLUMNS);
        c21.intoArray(c, 2 * COLUMNS + LanesF64.LENGTH);
        c30.intoArray(c, 3 * COLUMNS);
        c31.intoArray(c, 3 * COLUMNS + LanesF64.LENGTH);
    }

    /// The same sums one element at a time, two by two to halve the loads.
    private static void scalar(double[] a, int ao, double[] b, int bo, int depth, double[] c) {
        for (int r = 0; r < ROWS; r += 2) {
            for (int j = 0; j < COLUMNS; j += 2) {
                double c00 = 0.0;
                double c01 = 0.0;
                double c10 = 0.0;
                double c11 = 0.0;
                int at = ao + r;
                int bt = bo + j;
                for (int k = 0; k < depth; k++, at += ROWS, bt += COLUMNS) {
                    double a0 = a[at];
                    double a1 = a[at + 1];
                    double b0 = b[bt];
                    double b1 = b[bt + 1];
                    c00 = FmaF64.fma(a0, b0, c00);
                    c01 = FmaF64.fma(a0, b1, c01);
                    c10 = FmaF64.fma(a1, b0, c10);
                    c11 = FmaF64.fma(a1, b1, c11);
                }
                c[r * COLUMNS + j] = c00;
                c[r * COLUMNS + j + 1] = c01;
                c[(r + 1) * COLUMNS + j] = c10;
                c[(r + 1) * COLUMNS + j + 1] = c11;
            }
        }
    }
}

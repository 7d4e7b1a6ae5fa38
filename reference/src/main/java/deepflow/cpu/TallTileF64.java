package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;

/// The tile of [TileF64] where vectors have 512 bits, and so 32 registers: 8 rows by 2 vectors. Its 16 accumulators
/// need 10 loads for 16 FMAs, where 4 × 2 needs 6 for 8, as many as two load units can do meanwhile.
///
/// Arguments as there. Loads and stores are written out one by one: with a method for them C2 gives up inlining, boxes
/// every vector, and products are five times slower (measured).
final class TallTileF64 {
    static final int ROWS = 8;

    private static final int COLUMNS = TileF64.COLUMNS;

    private TallTileF64() {}

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
        int a0 = ao;
        int a1 = ao + Math.min(1, last) * stride;
        int a2 = ao + Math.min(2, last) * stride;
        int a3 = ao + Math.min(3, last) * stride;
        int a4 = ao + Math.min(4, last) * stride;
        int a5 = ao + Math.min(5, last) * stride;
        int a6 = ao + Math.min(6, last) * stride;
        int a7 = ao + Math.min(7, last) * stride;
        DoubleVector c00 = LanesF64.all(0.0);
        DoubleVector c01 = c00;
        DoubleVector c10 = c00;
        DoubleVector c11 = c00;
        DoubleVector c20 = c00;
        DoubleVector c21 = c00;
        DoubleVector c30 = c00;
        DoubleVector c31 = c00;
        DoubleVector c40 = c00;
        DoubleVector c41 = c00;
        DoubleVector c50 = c00;
        DoubleVector c51 = c00;
        DoubleVector c60 = c00;
        DoubleVector c61 = c00;
        DoubleVector c70 = c00;
        DoubleVector c71 = c00;
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
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[a4 + k]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[a5 + k]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[a6 + k]);
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[a7 + k]);
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
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
            c40 = LanesF64.load(c, co + 4 * ldc).add(c40);
            c41 = LanesF64.load(c, co + 4 * ldc + LanesF64.LENGTH).add(c41);
            c50 = LanesF64.load(c, co + 5 * ldc).add(c50);
            c51 = LanesF64.load(c, co + 5 * ldc + LanesF64.LENGTH).add(c51);
            c60 = LanesF64.load(c, co + 6 * ldc).add(c60);
            c61 = LanesF64.load(c, co + 6 * ldc + LanesF64.LENGTH).add(c61);
            c70 = LanesF64.load(c, co + 7 * ldc).add(c70);
            c71 = LanesF64.load(c, co + 7 * ldc + LanesF64.LENGTH).add(c71);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LanesF64.LENGTH);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + LanesF64.LENGTH);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + LanesF64.LENGTH);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + LanesF64.LENGTH);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + LanesF64.LENGTH);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + LanesF64.LENGTH);
        c60.intoArray(c, co + 6 * ldc);
        c61.intoArray(c, co + 6 * ldc + LanesF64.LENGTH);
        c70.intoArray(c, co + 7 * ldc);
        c71.intoArray(c, co + 7 * ldc + LanesF64.LENGTH);
    }

    static void columns(double[] a, int ao, double[] b, int bo, int depth, double[] c, int co, int ldc, boolean first) {
        DoubleVector c00 = LanesF64.all(0.0);
        DoubleVector c01 = c00;
        DoubleVector c10 = c00;
        DoubleVector c11 = c00;
        DoubleVector c20 = c00;
        DoubleVector c21 = c00;
        DoubleVector c30 = c00;
        DoubleVector c31 = c00;
        DoubleVector c40 = c00;
        DoubleVector c41 = c00;
        DoubleVector c50 = c00;
        DoubleVector c51 = c00;
        DoubleVector c60 = c00;
        DoubleVector c61 = c00;
        DoubleVector c70 = c00;
        DoubleVector c71 = c00;
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
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS + 4]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS + 5]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS + 6]);
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = DoubleVector.broadcast(LanesF64.SPECIES, a[ao + k * COLUMNS + 7]);
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
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
            c40 = LanesF64.load(c, co + 4 * ldc).add(c40);
            c41 = LanesF64.load(c, co + 4 * ldc + LanesF64.LENGTH).add(c41);
            c50 = LanesF64.load(c, co + 5 * ldc).add(c50);
            c51 = LanesF64.load(c, co + 5 * ldc + LanesF64.LENGTH).add(c51);
            c60 = LanesF64.load(c, co + 6 * ldc).add(c60);
            c61 = LanesF64.load(c, co + 6 * ldc + LanesF64.LENGTH).add(c61);
            c70 = LanesF64.load(c, co + 7 * ldc).add(c70);
            c71 = LanesF64.load(c, co + 7 * ldc + LanesF64.LENGTH).add(c71);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LanesF64.LENGTH);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + LanesF64.LENGTH);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + LanesF64.LENGTH);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + LanesF64.LENGTH);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + LanesF64.LENGTH);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + LanesF64.LENGTH);
        c60.intoArray(c, co + 6 * ldc);
        c61.intoArray(c, co + 6 * ldc + LanesF64.LENGTH);
        c70.intoArray(c, co + 7 * ldc);
        c71.intoArray(c, co + 7 * ldc + LanesF64.LENGTH);
    }
}

package deepflow.bench;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/// Multiply-adds that touch no memory: as many sums side by side as hide the latency of an addition and still stay in
/// registers, 12 of the 16 that AVX2 has.
final class FmaPeakF64 {
    private static final VectorSpecies<Double> SPECIES = DoubleVector.SPECIES_PREFERRED;
    private static final int SUMS = 12;

    private FmaPeakF64() {}

    /// Floating-point operations of one round.
    static long flopsPerRound() {
        return 2L * SUMS * SPECIES.length();
    }

    /// Computes, and returns something that depends on all of it.
    static double run(int rounds) {
        DoubleVector x = DoubleVector.broadcast(SPECIES, 0.999);
        DoubleVector y = DoubleVector.broadcast(SPECIES, 0.001);
        DoubleVector a = y;
        DoubleVector b = y;
        DoubleVector c = y;
        DoubleVector d = y;
        DoubleVector e = y;
        DoubleVector f = y;
        DoubleVector g = y;
        DoubleVector h = y;
        DoubleVector i = y;
        DoubleVector j = y;
        DoubleVector k = y;
        DoubleVector l = y;
        for (int r = 0; r < rounds; r++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            i = i.fma(x, y);
            j = j.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        DoubleVector all = a.add(b)
                .add(c)
                .add(d)
                .add(e)
                .add(f)
                .add(g)
                .add(h)
                .add(i)
                .add(j)
                .add(k)
                .add(l);
        return all.lane(0);
    }
}

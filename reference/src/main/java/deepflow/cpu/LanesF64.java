package deepflow.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vectors of this precision, and the few idioms all kernels share.
final class LanesF64 {
    static final VectorSpecies<Double> SPECIES =
            VectorSpecies.of(double.class, VectorShape.forBitSize(Machine.VECTOR_BITS));
    /// Elements in a hardware vector.
    static final int LENGTH = SPECIES.length();
    /// Elements in the 512 bits that fixed-order sums are defined over, whatever the hardware has.
    static final int VIRTUAL = 512 / Double.SIZE;
    /// Hardware vectors that make up the virtual lanes: 1, 2 or 4.
    static final int PARTS = VIRTUAL / LENGTH;

    private LanesF64() {}

    static DoubleVector load(double[] a, int at) {
        return DoubleVector.fromArray(SPECIES, a, at);
    }

    static DoubleVector all(double value) {
        return DoubleVector.broadcast(SPECIES, value);
    }

    /// How many of `n` elements the vector body covers: a multiple of [#LENGTH], or 0 where vectors are no help.
    static int body(int n) {
        return Machine.VECTORS ? SPECIES.loopBound(n) : 0;
    }

    /// The same number, with the one NaN that may be written.
    static double canonical(double v) {
        return Double.isNaN(v) ? Double.NaN : v;
    }

    /// As [#canonical(double)], lane by lane.
    static DoubleVector canonical(DoubleVector v) {
        return v.blend(Double.NaN, v.compare(VectorOperators.NE, v));
    }

    /// As [#canonical(double)], in place: nothing is written where nothing changes, which is nearly always.
    static void canonical(double[] a, int from, int to) {
        int i = from;
        for (int end = from + body(to - from); i < end; i += LENGTH) {
            DoubleVector v = load(a, i);
            if (v.compare(VectorOperators.NE, v).anyTrue()) {
                canonical(v).intoArray(a, i);
            }
        }
        for (; i < to; i++) {
            a[i] = canonical(a[i]);
        }
    }
}

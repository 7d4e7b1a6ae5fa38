package deepflow.oracle.emulation;

import deepflow.random.KeyedRandom;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [Rounding#stochastic]. A single number takes 64 random bits of the generator. An array takes them once, as a key
/// k = (k₁, k₂), and element i of it 32 bits that follow from (i, k) alone, so that many are rounded at a time.
final class StochasticRounding implements Rounding {
    /// Until the vector body is compiled each of its steps takes as long as a hundred scalar ones, and it is compiled
    /// once it was called often: so of the first arrays only a beginning is left to it.
    private static final int WARM_AFTER = 1 << 12;

    private static final int BEGINNING = 1 << 7;

    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    /// Words for two vectors of doubles.
    private static final VectorSpecies<Integer> WORDS = VectorSpecies.of(int.class, DOUBLES.vectorShape());

    /// 2³²/φ, odd.
    private static final int GOLDEN = 0x9e3779b9;
    /// Multipliers and shifts of a 32-bit hash whose every input bit changes every output bit with a probability near
    /// ½ (C. Wellons, "hash prospector", 2018).
    private static final int FIRST = 0x21f0aaad;

    private static final int SECOND = 0x735a2d97;

    private static final IntVector STEPS = IntVector.zero(WORDS).addIndex(1).mul(GOLDEN);

    private final KeyedRandom random;
    /// Arrays rounded so far.
    private int arrays;

    StochasticRounding(KeyedRandom random) {
        this.random = random;
    }

    @Override
    public double round(FloatFormat format, double x) {
        return format.stochastic(x, random.nextLong());
    }

    @Override
    public double disturb(double x, double size) {
        return x + (2 * random.uniform() - 1) * size;
    }

    @Override
    public void round(FloatFormat format, double[] x, int from, int to) {
        long key = random.nextLong();
        int k1 = (int) key;
        int k2 = (int) (key >>> Integer.SIZE);
        int body = from;
        if (format != FloatFormat.F64) {
            int most = arrays < WARM_AFTER ? BEGINNING : to - from;
            arrays += arrays < WARM_AFTER ? 1 : 0;
            body += WORDS.loopBound(Math.min(most, to - from));
            body(format, x, from, body, k1, k2);
        }
        // tail
        oneByOne(format, x, from, body, to, k1, k2);
    }

    /// Elements [from, to) of those whose first is at `first`.
    private static void oneByOne(FloatFormat format, double[] x, int first, int from, int to, int k1, int k2) {
        for (int i = from; i < to; i++) {
            x[i] = format.stochastic(x[i], (long) word(i - first, k1, k2) << Integer.SIZE);
        }
    }

    /// 32 random bits for an element.
    static int word(int i, int k1, int k2) {
        int z = i * GOLDEN + k1;
        z = (z ^ z >>> 16) * FIRST;
        z = (z ^ z >>> 15 ^ k2) * SECOND;
        return z ^ z >>> 15;
    }

    /// In one method, and each half with a number for its part: what is called and not inlined costs an object a
    /// vector.
    private static void body(FloatFormat format, double[] x, int from, int to, int k1, int k2) {
        double least = format.leastNormal();
        double most = format.surelyFinite();
        int dropped = format.droppedBits();
        // noise is the upper bits of a word, or all of them before zeros: one of the two shifts is 0
        int right = Math.max(0, Integer.SIZE - dropped);
        int left = Math.max(0, dropped - Integer.SIZE);
        int half = DOUBLES.length();
        for (int i = from; i < to; i += 2 * half) {
            DoubleVector low = DoubleVector.fromArray(DOUBLES, x, i);
            DoubleVector high = DoubleVector.fromArray(DOUBLES, x, i + half);
            DoubleVector smaller = low.abs().min(high.abs());
            DoubleVector larger = low.abs().max(high.abs());
            if (smaller.compare(VectorOperators.GE, least).allTrue()
                    && larger.compare(VectorOperators.LT, most).allTrue()) {
                IntVector z = STEPS.add((i - from) * GOLDEN + k1);
                z = z.lanewise(VectorOperators.XOR, z.lanewise(VectorOperators.LSHR, 16))
                        .mul(FIRST);
                z = z.lanewise(VectorOperators.XOR, z.lanewise(VectorOperators.LSHR, 15))
                        .lanewise(VectorOperators.XOR, k2)
                        .mul(SECOND);
                z = z.lanewise(VectorOperators.XOR, z.lanewise(VectorOperators.LSHR, 15));
                LongVector lowNoise = ((LongVector) z.convertShape(VectorOperators.ZERO_EXTEND_I2L, LONGS, 0))
                        .lanewise(VectorOperators.LSHR, right)
                        .lanewise(VectorOperators.LSHL, left);
                LongVector highNoise = ((LongVector) z.convertShape(VectorOperators.ZERO_EXTEND_I2L, LONGS, 1))
                        .lanewise(VectorOperators.LSHR, right)
                        .lanewise(VectorOperators.LSHL, left);
                low.reinterpretAsLongs()
                        .add(lowNoise)
                        .and(-1L << dropped)
                        .reinterpretAsDoubles()
                        .intoArray(x, i);
                high.reinterpretAsLongs()
                        .add(highNoise)
                        .and(-1L << dropped)
                        .reinterpretAsDoubles()
                        .intoArray(x, i + half);
            } else {
                oneByOne(format, x, from, i, i + 2 * half, k1, k2);
            }
        }
    }
}

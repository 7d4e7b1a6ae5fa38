package deepflow.oracle.emulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.random.KeyedRandom;
import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Arrays against their elements, one after the other, and what random bits should be like.
class StochasticRoundingTest {
    private static final double[] SPECIAL = {
        0,
        -0.0,
        1,
        -1.1,
        1e-5,
        1e-41,
        -1e-46,
        65503.9,
        65504.1,
        1e38,
        3.5e38,
        -1e300,
        Double.NaN,
        1 / 0.0,
        -1 / 0.0,
        Double.MIN_VALUE,
        Double.MAX_VALUE,
        0x1p-126,
        0x1p-14,
        6e4
    };

    /// Gaussians, among them numbers that are rounded in another way: about one in `rare`.
    private static double[] numbers(int n, int rare, int seed) {
        KeyedRandom random = KeyedRandom.of(seed, "numbers", n);
        return IntStream.range(0, n)
                .mapToDouble(i -> random.below(rare) == 0 ? SPECIAL[random.below(SPECIAL.length)] : random.gaussian())
                .toArray();
    }

    @Property(tries = 1000)
    void aPieceOfAnArrayIsRoundedAsItsElementsAre(
            @ForAll FloatFormat format,
            @ForAll @IntRange(max = 5000) int n,
            @ForAll @IntRange(min = 1, max = 200) int rare,
            @ForAll @IntRange(max = 5) int before,
            @ForAll @IntRange(max = 5) int after,
            @ForAll boolean warm,
            @ForAll int seed) {
        StochasticRounding rounding = new StochasticRounding(KeyedRandom.of(seed, "array", 0));
        KeyedRandom keys = KeyedRandom.of(seed, "array", 0);
        for (int i = 0; warm && i < 5000; i++) { // after so many arrays the whole of one is left to the vector body
            rounding.round(format, new double[0]);
            keys.nextLong();
        }
        double[] x = numbers(before + n + after, rare, seed);
        double[] y = x.clone();
        rounding.round(format, y, before, before + n);

        long key = keys.nextLong();
        for (int i = 0; i < x.length; i++) {
            boolean inside = i >= before && i < before + n;
            long word = (long) StochasticRounding.word(i - before, (int) key, (int) (key >>> 32)) << 32;
            double expected = inside ? format.stochastic(x[i], word) : x[i];
            assertEquals(Double.doubleToLongBits(expected), Double.doubleToLongBits(y[i]), format + " of " + x[i]);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "F64", mode = EnumSource.Mode.EXCLUDE)
    void anArrayIsRoundedToNeighboursAndRightOnAverage(FloatFormat format) {
        int n = 1 << 16;
        KeyedRandom random = KeyedRandom.of(3, "average", 0);
        for (double x : new double[] {1.003, -0.3337, 1.7e-3, 255.3}) {
            double[] y = new double[n];
            Arrays.fill(y, x);
            Rounding.stochastic(random).round(format, y);
            double unit = 2 * format.halfUnit(x);
            double sum = 0;
            for (double v : y) {
                assertTrue(Math.abs(v - x) < unit);
                assertEquals(v, format.nearest(v));
                sum += v - x;
            }
            assertEquals(0, sum / n, 5 * unit / 2 / Math.sqrt(n));
        }
    }

    /// Every bit is set half of the time, and equals its neighbours' and the next word's half of the time.
    @Test
    void wordsAreRandom() {
        int n = 1 << 16;
        KeyedRandom keys = KeyedRandom.of(4, "words", 0);
        for (int k = 0; k < 8; k++) {
            long key = keys.nextLong();
            int[] words = IntStream.range(0, n)
                    .map(i -> StochasticRounding.word(i, (int) key, (int) (key >>> 32)))
                    .toArray();
            for (int bit = 0; bit < Integer.SIZE; bit++) {
                int b = bit;
                assertFair(
                        n, IntStream.of(words).filter(w -> (w >>> b & 1) == 1).count());
                assertFair(
                        n,
                        IntStream.of(words)
                                .filter(w -> ((w ^ Integer.rotateLeft(w, 1)) >>> b & 1) == 1)
                                .count());
                for (int distance : new int[] {1, 2, 64, 256}) {
                    assertFair(
                            n - distance,
                            IntStream.range(distance, n)
                                    .filter(i -> ((words[i] ^ words[i - distance]) >>> b & 1) == 1)
                                    .count());
                }
            }
        }
    }

    /// Within 6 σ of half.
    private static void assertFair(int n, long count) {
        assertEquals(n / 2.0, count, 3 * Math.sqrt(n));
    }
}

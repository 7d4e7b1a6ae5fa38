package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import deepflow.random.KeyedRandom;
import deepflow.thread.Threads;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// However many threads share a loop, every element is computed once.
class LoopsTest {
    /// Enough for several pieces, and no multiple of anything.
    private static final int MANY = 300_007;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void everyElementOnce(int count) {
        try (Threads threads = new Threads(count)) {
            Loops loops = new Loops(threads);
            for (int n : new int[] {0, 1, MANY}) {
                int[] visits = new int[n];
                loops.over(n, (from, to) -> {
                    for (int i = from; i < to; i++) {
                        visits[i]++;
                    }
                });
                loops.overRows(n, 1, row -> visits[row]++);
                int[] twice = new int[n];
                Arrays.fill(twice, 2);
                assertArrayEquals(twice, visits);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void sameNumbersAsALoop(int count) {
        KeyedRandom random = KeyedRandom.of(3, "loops", 0);
        double[] x = new double[MANY];
        double[] y = new double[MANY];
        double[] sum = new double[MANY];
        double[] size = new double[MANY];
        for (int i = 0; i < MANY; i++) {
            x[i] = random.gaussian();
            y[i] = random.gaussian();
            sum[i] = x[i] + y[i];
            size[i] = Math.abs(x[i]);
        }
        x[MANY / 2] = Double.NaN;
        sum[MANY / 2] = Double.NaN;
        size[MANY / 2] = Double.NaN;
        x[MANY - 1] = Double.POSITIVE_INFINITY;
        sum[MANY - 1] = Double.POSITIVE_INFINITY;
        size[MANY - 1] = Double.POSITIVE_INFINITY;
        x[MANY - 2] = 17;
        sum[MANY - 2] = 17 + y[MANY - 2];
        size[MANY - 2] = 17;
        try (Threads threads = new Threads(count)) {
            Loops loops = new Loops(threads);
            assertEquals(17, loops.largestFinite(x));
            double[] negative = new double[MANY];
            Arrays.setAll(negative, i -> -x[i]);
            assertEquals(17, loops.largestFinite(negative));
            double[] into = new double[MANY];
            assertSame(into, loops.absolute(x, 1, into));
            assertArrayEquals(size, into);
            Arrays.setAll(size, i -> 2 * size[i]);
            assertArrayEquals(size, loops.absolute(x, 2, into));
            assertSame(x, loops.map(x, y, Double::sum));
            assertArrayEquals(sum, x);
            assertEquals(0, loops.largestFinite(new double[0]));
            assertEquals(0, loops.largestFinite(new double[] {Double.NEGATIVE_INFINITY, Double.NaN}));
        }
    }
}

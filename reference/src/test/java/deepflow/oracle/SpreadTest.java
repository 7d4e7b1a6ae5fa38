package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.random.KeyedRandom;
import deepflow.tensor.Shape;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/// Estimates of elements' σ from a few errors whose σ is known.
class SpreadTest {
    private static final int RUNS = 16;

    private static double[] estimate(Shape shape, IntToDoubleFunction sigma) {
        Spread spread = new Spread((int) shape.size());
        for (int run = 0; run < RUNS; run++) {
            KeyedRandom random = KeyedRandom.of(7, "errors", run);
            double[] e = new double[(int) shape.size()];
            for (int i = 0; i < e.length; i++) {
                e[i] = sigma.applyAsDouble(i) * random.gaussian();
            }
            int half = spread.isEmpty() ? 0 : e.length / 2;
            spread.add(e, 0, half);
            spread.add(e, half, e.length);
        }
        return spread.deviations(shape);
    }

    /// Root mean square of ln(estimate/σ).
    private static double miss(double[] estimates, IntToDoubleFunction sigma) {
        double sum = 0;
        for (int i = 0; i < estimates.length; i++) {
            double l = Math.log(estimates[i] / sigma.applyAsDouble(i));
            sum += l * l;
        }
        return Math.sqrt(sum / estimates.length);
    }

    @Test
    void equalElementsShareOneEstimate() {
        IntToDoubleFunction sigma = i -> 3e-30;
        double miss = miss(estimate(Shape.of(40, 50), sigma), sigma);
        // one element alone is off by 1/√(2·16) = 0.18
        assertTrue(miss < 0.06, () -> "off by " + miss);
    }

    @Test
    void rowsKeepTheirOwn() {
        IntToDoubleFunction sigma = i -> i / 64 % 2 == 0 ? 1e-3 : 1e-6;
        double miss = miss(estimate(Shape.of(30, 64), sigma), sigma);
        assertTrue(miss < 0.1, () -> "off by " + miss);
    }

    @Test
    void elementsThatDifferKeepTheirOwn() {
        IntToDoubleFunction sigma = i -> i % 2 == 0 ? 1 : 5;
        double miss = miss(estimate(Shape.of(30, 64), sigma), sigma);
        assertTrue(miss < 0.25, () -> "off by " + miss);
    }

    @Test
    void numbersAndEmptyTensorsAndNoErrorsAtAll() {
        assertEquals(1, estimate(Shape.SCALAR, i -> 1)[0], 0.5);
        assertEquals(0, estimate(Shape.of(0, 5), i -> 1).length);
        assertArrayEquals(new double[6], estimate(Shape.of(2, 3), i -> 0));
        assertArrayEquals(new double[4], new Spread(4).deviations(Shape.of(4)));
    }
}

package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.random.KeyedRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The limit against errors whose law is known.
class PredictionLimitTest {
    /// ‖e‖² of an error of `freedom` independent normal elements, σ = 1.
    private static double square(KeyedRandom random, int freedom) {
        double sum = 0;
        for (int i = 0; i < freedom; i++) {
            double g = random.gaussian();
            sum += g * g;
        }
        return sum / freedom;
    }

    @Test
    void errorsOfTheSameLawSeldomExceedIt() {
        KeyedRandom random = KeyedRandom.of(3, "limit", 0);
        for (int freedom : new int[] {1, 2, 8, 64}) {
            int exceeded = 0;
            int trials = 2000;
            for (int trial = 0; trial < trials; trial++) {
                List<Double> squares = new ArrayList<>();
                for (int r = 0; r < 16; r++) {
                    squares.add(square(random, freedom));
                }
                double limit = PredictionLimit.of(squares, freedom, 0, 0.01).limit();
                exceeded += Math.sqrt(square(random, freedom)) > limit ? 1 : 0;
            }
            assertTrue(exceeded <= 0.01 * trials, freedom + " elements: " + exceeded + " of " + trials);
        }
    }

    @Test
    void largeTensorsHaveNarrowLimits() {
        KeyedRandom random = KeyedRandom.of(4, "limit", 0);
        List<Double> squares = new ArrayList<>();
        for (int r = 0; r < 16; r++) {
            squares.add(square(random, 4096));
        }
        PredictionLimit limit = PredictionLimit.of(squares, 4096, 0, 1e-6);
        assertTrue(limit.limit() < 3 * limit.sigma(), limit.toString());
    }
}

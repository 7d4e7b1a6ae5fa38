package deepflow.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The order of each solver of the ODE, measured on dx/dt = x·cos ωt, whose solution is known.
class ConvergenceTest {
    private static final double START = 1.25;

    private static Samples solve(Sampler sampler, double omega) {
        return new Sampling(
                        FormulaField.scalar((x, t, y) -> x * Math.cos(omega * t)), Flow.LINEAR, Guidance.NONE, sampler)
                .from(new double[] {START}, new int[] {0}, (row, step, size) -> new double[size], 1, Progress.NONE);
    }

    private static double error(Samples samples, double omega) {
        return Math.abs(samples.values()[0] - START * Math.exp(-Math.sin(omega) / omega));
    }

    enum FixedStep {
        EULER(Euler::new, 1, 5, 40),
        HEUN(Heun::new, 2, 5, 40),
        /// With a tolerance that anything meets, every step is the longest.
        DORMAND_PRINCE(n -> new DormandPrince(1e4, 1e-9, 1.0 / n), 5, 8, 20);

        private final IntFunction<Sampler> method;
        private final double order;
        private final double omega;
        private final int coarsest;

        FixedStep(IntFunction<Sampler> method, double order, double omega, int coarsest) {
            this.method = method;
            this.order = order;
            this.omega = omega;
            this.coarsest = coarsest;
        }
    }

    @ParameterizedTest
    @EnumSource
    void orderByHalvingTheStep(FixedStep m) {
        for (int n = m.coarsest; n <= 4 * m.coarsest; n *= 2) {
            double coarse = error(solve(m.method.apply(n), m.omega), m.omega);
            double fine = error(solve(m.method.apply(2 * n), m.omega), m.omega);
            assertEquals(m.order, Math.log(coarse / fine) / Math.log(2), 0.2, m + " at " + n);
        }
    }

    @Test
    void dormandPrinceKeepsItsTolerance() {
        Samples s = solve(DormandPrince.PUBLISHED, 5);
        assertTrue(error(s, 5) < 1e-3, () -> "error " + error(s, 5));
        assertTrue(s.evaluations()[0] < 60, () -> s.evaluations()[0] + " evaluations");
    }
}

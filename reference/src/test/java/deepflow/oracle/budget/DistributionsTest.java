package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/// Against published tables.
class DistributionsTest {
    @Test
    void quantilesOfF() {
        assertEquals(4.9646, Distributions.exceededF(1, 10, 0.05), 1e-4);
        assertEquals(2.9782, Distributions.exceededF(10, 10, 0.05), 1e-4);
        assertEquals(16.1202, Distributions.exceededF(1, 16, 0.001), 1e-4);
        assertEquals(1.0, Distributions.exceededF(2000, 32000, 0.5), 1e-3);
    }

    @Test
    void quantilesOfTAndNormal() {
        assertEquals(1.7531, Distributions.exceededT(15, 0.05), 1e-4);
        assertEquals(3.7328, Distributions.exceededT(15, 0.001), 1e-4);
        assertEquals(1.6449, Distributions.exceededNormal(0.05), 1e-3);
        assertEquals(4.7534, Distributions.exceededNormal(1e-6), 5e-3);
    }

    @Test
    void trigammaAndItsInverse() {
        assertEquals(Math.PI * Math.PI / 6, Distributions.trigamma(1), 1e-13);
        assertEquals(Math.PI * Math.PI / 2, Distributions.trigamma(0.5), 1e-13);
        for (double freedom : new double[] {1, 3, 50, 1000}) {
            assertEquals(
                    freedom, Distributions.freedomOfLogarithm(Distributions.trigamma(freedom / 2)), 1e-9 * freedom);
        }
    }
}

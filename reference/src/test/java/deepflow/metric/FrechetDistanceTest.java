package deepflow.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import deepflow.random.KeyedRandom;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.RandomMatrices_DDRM;
import org.junit.jupiter.api.Test;

class FrechetDistanceTest {
    private static Gaussian diagonal(double[] mean, double... variances) {
        double[] covariance = new double[mean.length * mean.length];
        for (int i = 0; i < mean.length; i++) {
            covariance[i * mean.length + i] = variances[i];
        }
        return new Gaussian(mean, covariance);
    }

    private static DMatrixRMaj orthogonal(int d, long seed) {
        return RandomMatrices_DDRM.orthogonal(d, d, new Random(seed));
    }

    private static Gaussian rotated(Gaussian g, DMatrixRMaj q) {
        int d = g.width();
        DMatrixRMaj mean = new DMatrixRMaj(d, 1);
        CommonOps_DDRM.mult(q, new DMatrixRMaj(d, 1, true, g.mean()), mean);
        DMatrixRMaj half = new DMatrixRMaj(d, d);
        DMatrixRMaj covariance = new DMatrixRMaj(d, d);
        CommonOps_DDRM.mult(q, new DMatrixRMaj(d, d, true, g.covariance()), half);
        CommonOps_DDRM.multTransB(half, q, covariance);
        return new Gaussian(mean.getData(), covariance.getData());
    }

    private static Gaussian random(int d, int samples, long seed) {
        double[] values = new double[d * samples];
        KeyedRandom.of(seed, "test", 0).gaussians(values);
        return Gaussian.of(new Features(values, samples, d));
    }

    /// Where both covariances are diagonal: Σ (m₁ − m₂)² + (σ₁ − σ₂)².
    @Test
    void diagonalGaussians() {
        Gaussian a = diagonal(new double[] {1, 2, 0}, 4, 9, 1);
        Gaussian b = diagonal(new double[] {0, 2, -2}, 1, 16, 0);
        assertEquals(1 + 4 + 1 + 1 + 1, FrechetDistance.between(a, b), 1e-12);
    }

    @Property(tries = 30)
    void sameSetIsAtDistanceZero(@ForAll @IntRange(min = 1, max = 20) int d, @ForAll long seed) {
        Gaussian g = random(d, d + 3, seed);
        assertEquals(0, FrechetDistance.between(g, g), 1e-9);
    }

    /// Fewer samples than dimensions: the covariances are singular.
    @Property(tries = 30)
    void singularCovariances(@ForAll @IntRange(min = 5, max = 30) int d, @ForAll long seed) {
        Gaussian a = random(d, 3, seed);
        assertEquals(0, FrechetDistance.between(a, a), 1e-9);
        double[] moved = a.mean().clone();
        moved[d - 1] += 3;
        assertEquals(9, FrechetDistance.between(a, new Gaussian(moved, a.covariance())), 1e-8);
    }

    @Property(tries = 30)
    void symmetricAndBlindToRotations(@ForAll @IntRange(min = 2, max = 12) int d, @ForAll long seed) {
        Gaussian a = random(d, 2 * d, seed);
        Gaussian b = random(d, 3 * d, seed + 1);
        double distance = FrechetDistance.between(a, b);
        assertEquals(distance, FrechetDistance.between(b, a), 1e-8);
        DMatrixRMaj q = orthogonal(d, seed);
        assertEquals(distance, FrechetDistance.between(rotated(a, q), rotated(b, q)), 1e-8);
    }

    /// Rotating a diagonal covariance by 45°: √Σ₁Σ₂√Σ₁ is not diagonal, and tr(…)^½ = √(tr + 2·√det) in two dimensions.
    @Test
    void covariancesThatDoNotCommute() {
        Gaussian a = diagonal(new double[2], 4, 1);
        double[] turned = {2.5, 1.5, 1.5, 2.5};
        double trace = 4 * 2.5 + 2.5;
        double expected = 5 + 5 - 2 * Math.sqrt(trace + 2 * Math.sqrt(4.0 * 4));
        assertEquals(expected, FrechetDistance.between(a, new Gaussian(new double[2], turned)), 1e-12);
    }

    @Test
    void unbiasedCovariance() {
        Gaussian g = Gaussian.of(Features.of(new double[] {1, 10, 2, 20, 3, 60}, 2));
        assertArrayEquals(new double[] {2, 30}, g.mean(), 1e-12);
        assertArrayEquals(new double[] {1, 25, 25, 700}, g.covariance(), 1e-12);
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Gaussian.of(Features.of(new double[] {1, 2}, 2)));
        assertThrows(IllegalArgumentException.class, () -> new Gaussian(new double[2], new double[] {1, 2, 3, 4}));
        assertThrows(IllegalArgumentException.class, () -> new Gaussian(new double[2], new double[3]));
        assertThrows(IllegalArgumentException.class, () -> FrechetDistance.between(random(2, 5, 0), random(3, 5, 0)));
    }
}

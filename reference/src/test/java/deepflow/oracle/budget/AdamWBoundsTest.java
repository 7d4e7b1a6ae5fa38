package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.oracle.emulation.FloatFormat;
import deepflow.random.KeyedRandom;
import deepflow.tensor.AdamWStep;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

/// Steps in float32, all constants and powers of β in float32 too as CUDA kernels have them, are within the bounds;
/// those with a mistake are not.
class AdamWBoundsTest {
    private static final int SIZE = 64;

    /// A step in float32.
    ///
    /// @param lerps whether m ← m + (1 − β)·(g − m) stands for βm + (1 − β)g
    private record Float32(AdamWStep step, boolean lerps) {
        private float mix(float beta, float old, float x) {
            float rest = 1 - beta;
            return lerps ? old + rest * (x - old) : beta * old + rest * x;
        }

        float first(float m, float g) {
            return mix((float) step.beta1(), m, g);
        }

        float second(float v, float g) {
            return mix((float) step.beta2(), v, g * g);
        }

        /// 1 − βⁿ, by a power in float32.
        private float bias(double beta) {
            return 1 - (float) StrictMath.pow((float) beta, step.step());
        }

        float weight(float w, float m, float v) {
            float lr = (float) step.lr();
            float mean = m / bias(step.beta1());
            float square = v / bias(step.beta2());
            float decayed = w - lr * (float) step.weightDecay() * w;
            return decayed - lr * (mean / ((float) Math.sqrt(square) + (float) step.eps()));
        }
    }

    /// Numbers of a step: gradients of many sizes, moments from 0 or from steps before, weights of which half are 0.
    private record Numbers(float[] g, float[] m, float[] v, float[] w) {
        static Numbers draw(long seed, boolean first) {
            KeyedRandom random = KeyedRandom.of(seed, "adamw", 0);
            Numbers n = new Numbers(new float[SIZE], new float[SIZE], new float[SIZE], new float[SIZE]);
            for (int i = 0; i < SIZE; i++) {
                n.g[i] = (float) Math.scalb(random.gaussian(), (int) (-30 * random.uniform()));
                n.m[i] = first ? 0 : (float) (random.gaussian() * Math.abs(n.g[i]));
                n.v[i] = first ? 0 : (float) (random.uniform() * n.g[i] * n.g[i]);
                n.w[i] = i % 2 == 0 ? 0 : (float) random.gaussian();
            }
            return n;
        }
    }

    private static double[] widened(float[] x) {
        double[] wide = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            wide[i] = x[i];
        }
        return wide;
    }

    private static double worst(float[] found, AdamWBounds.Bounded bounded) {
        double worst = 0;
        for (int i = 0; i < found.length; i++) {
            double e = Math.abs(found[i] - bounded.values()[i]);
            worst = e == 0 ? worst : Math.max(worst, e / bounded.bounds()[i]);
        }
        return worst;
    }

    /// Worst error over bound of first moment, second moment and weight.
    ///
    /// @param ours what the bounds are for
    /// @param theirs what is computed
    private static double[] worst(AdamWStep ours, AdamWStep theirs, boolean lerps, long seed) {
        AdamWBounds bounds = new AdamWBounds(ours, FloatFormat.F32);
        Float32 float32 = new Float32(theirs, lerps);
        Numbers n = Numbers.draw(seed, ours.step() == 1);
        float[] m = new float[SIZE];
        float[] v = new float[SIZE];
        float[] w = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            m[i] = float32.first(n.m[i], n.g[i]);
            v[i] = float32.second(n.v[i], n.g[i]);
            w[i] = float32.weight(n.w[i], m[i], v[i]);
        }
        AdamWBounds.Bounded g = bounds.clipped(widened(n.g), 1, 0);
        return new double[] {
            worst(m, bounds.firstMoment(widened(n.m), g)),
            worst(v, bounds.secondMoment(widened(n.v), g)),
            worst(w, bounds.weight(widened(n.w), widened(m), widened(v)))
        };
    }

    private static AdamWStep step(double beta2, long number) {
        return new AdamWStep(1e-3, 0.9, beta2, 1e-8, 0.01, number);
    }

    @Property(tries = 300)
    void aFloat32StepIsWithinItsBounds(
            @ForAll long seed,
            @ForAll boolean lerps,
            @ForAll boolean slow,
            @ForAll @LongRange(min = 1, max = 5000) long n) {
        AdamWStep step = step(slow ? 0.999 : 0.95, n);
        double[] worst = worst(step, step, lerps, seed);
        assertTrue(worst[0] <= 1 && worst[1] <= 1 && worst[2] <= 1, () -> worst[0] + ", " + worst[1] + ", " + worst[2]);
    }

    /// The step from zero moments, and one late enough for a rounded β to show in βⁿ.
    @Property(tries = 50)
    void theFirstAndTheThousandthStepAre(@ForAll long seed, @ForAll boolean lerps) {
        for (long n : new long[] {1, 10, 1000}) {
            AdamWStep step = step(0.999, n);
            double[] worst = worst(step, step, lerps, seed);
            assertTrue(
                    worst[0] <= 1 && worst[1] <= 1 && worst[2] <= 1,
                    () -> n + ": " + worst[0] + ", " + worst[1] + ", " + worst[2]);
        }
    }

    @Property(tries = 50)
    void aMistakeIsNot(@ForAll long seed, @ForAll @LongRange(min = 1, max = 3000) long n) {
        AdamWStep right = step(0.999, n);
        AdamWStep later = step(0.999, n + 1);
        AdamWStep other = new AdamWStep(1e-3, 0.9001, 0.9991, 1e-8, 0.01, n);
        assertTrue(worst(right, other, false, seed)[0] > 1, "β₁ = 0.9001");
        assertTrue(worst(right, other, false, seed)[1] > 1, "β₂ = 0.9991");
        assertTrue(worst(right, later, false, seed)[2] > 1, "the correction is one step ahead");
    }
}

package deepflow.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Data x₀ ~ N(m, s²) in every pixel: then x_t ~ N(α·m, α²s² + σ²), and the best prediction of a·x₀ + b·x₁ from x_t is
/// a·m + (a·α·s² + b·σ)/(α²s² + σ²)·(x_t − α·m).
class GaussianSdeTest {
    private static final double MEAN = 0.4;
    private static final double DEVIATION = 0.7;
    private static final int SAMPLES = 300;
    private static final Shape SAMPLE = Shape.of(2, 6, 5);

    private static FormulaField field(Flow flow) {
        return new FormulaField(SAMPLE, (x, t, y) -> {
            FlowPath.At p = flow.path().at(t);
            boolean derivative = flow.target() == VelocityTarget.DERIVATIVE;
            double a = derivative ? p.alphaDerivative() : -1;
            double b = derivative ? p.sigmaDerivative() : 1;
            double variance = DEVIATION * DEVIATION;
            double gain = (a * p.alpha() * variance + b * p.sigma())
                    / (p.alpha() * p.alpha() * variance + p.sigma() * p.sigma());
            return a * MEAN + gain * (x - p.alpha() * MEAN);
        });
    }

    private static void assertMoments(Flow flow, Sampler sampler, double bias) {
        double[] x = new Sampling(field(flow), flow, Guidance.NONE, sampler)
                .keyed(5, 0, new int[SAMPLES], SAMPLES, Progress.NONE)
                .values();
        double mean = 0;
        for (double v : x) {
            mean += v / x.length;
        }
        double variance = 0;
        for (double v : x) {
            variance += (v - mean) * (v - mean) / (x.length - 1);
        }
        double variance0 = DEVIATION * DEVIATION;
        assertEquals(MEAN, mean, bias + 4 * DEVIATION / Math.sqrt(x.length), "mean");
        assertEquals(variance0, variance, bias + 4 * variance0 * Math.sqrt(2.0 / x.length), "variance");
    }

    /// The bias allowed beside four standard errors is that of 250 steps: the last one adds no noise.
    @ParameterizedTest
    @CsvSource({"LINEAR,DIFFERENCE", "LINEAR,DERIVATIVE", "COSINE,DIFFERENCE", "COSINE,DERIVATIVE"})
    void theSdeEndsInTheDataDistribution(FlowPath path, VelocityTarget target) {
        assertMoments(new Flow(path, target), new EulerMaruyama(250), 0.005);
    }

    @ParameterizedTest
    @CsvSource({"LINEAR,DIFFERENCE", "COSINE,DIFFERENCE", "COSINE,DERIVATIVE"})
    void soDoesTheOde(FlowPath path, VelocityTarget target) {
        assertMoments(new Flow(path, target), new Heun(50), 1e-3);
    }
}

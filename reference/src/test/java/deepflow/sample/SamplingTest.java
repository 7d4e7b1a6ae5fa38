package deepflow.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.RandomWeights;
import deepflow.model.ReversedTime;
import deepflow.nn.Declarations;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SamplingTest {
    private static final Shape SAMPLE = Shape.of(1, 2, 2);

    static Stream<Sampler> samplers() {
        return Stream.of(new Euler(5), new Heun(5), DormandPrince.PUBLISHED, new EulerMaruyama(5));
    }

    /// Stiffer for some labels than for others, so that their step sizes differ.
    private static FormulaField field() {
        return new FormulaField(SAMPLE, (x, t, y) -> Math.sin((1 + 6 * y) * (x + t)) + 0.1 * y);
    }

    private static double[] keyed(Sampler sampler, long first, int[] labels, int batch) {
        return new Sampling(field(), Flow.LINEAR, new Guidance(1.5, 0.2, 0.8), sampler)
                .keyed(11, first, labels, batch, Progress.NONE)
                .values();
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void aSampleIsTheSameInAnyBatch(Sampler sampler) {
        int[] labels = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2};
        double[] all = keyed(sampler, 100, labels, 64);
        for (int batch : new int[] {1, 2, 3, 11}) {
            assertArrayEquals(all, keyed(sampler, 100, labels, batch));
        }
        for (int from = 0; from < labels.length; from++) {
            int[] rest = Arrays.copyOfRange(labels, from, labels.length);
            double[] expected = Arrays.copyOfRange(all, from * 4, all.length);
            assertArrayEquals(expected, keyed(sampler, 100 + from, rest, 4));
        }
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void timesStayInTheInterval(Sampler sampler) {
        FormulaField field = field();
        List<Double> heard = new ArrayList<>();
        new Sampling(field, Flow.LINEAR, Guidance.NONE, sampler).keyed(1, 0, new int[] {0, 3, 2}, 3, heard::add);
        assertTrue(field.times.stream().allMatch(t -> t >= 0 && t <= 1), () -> "" + field.times);
        assertEquals(1.0, field.times.stream().mapToDouble(t -> t).max().orElseThrow());
        assertEquals(heard.stream().sorted().toList(), heard);
        assertEquals(1.0, heard.getLast());
    }

    /// Noise follows its documented keys, so that another program can draw the same.
    @Test
    void noiseIsKeyedBySampleAndStep() {
        KeyedNoise noise = new KeyedNoise(4, 10);
        double[] start = new double[3];
        KeyedRandom.of(4, "sample noise", 12).gaussians(start);
        assertArrayEquals(start, noise.start(2, 3));
        double[] draw = new double[3];
        KeyedRandom.of(4, "sample increment 7", 12).gaussians(draw);
        assertArrayEquals(draw, noise.draw(2, 7, 3));
    }

    @Test
    void aVelocityThatIsNotFiniteEndsAnAdaptiveSampler() {
        FormulaField field = FormulaField.scalar((x, t, y) -> t < 0.5 ? Double.NaN : x);
        Sampling sampling = new Sampling(field, Flow.LINEAR, Guidance.NONE, DormandPrince.PUBLISHED);
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> sampling.keyed(0, 0, new int[] {0}, 1, Progress.NONE));
        assertTrue(e.getMessage().contains("not finite"), e.getMessage());
    }

    @Test
    void noiseOfAnotherSizeIsRefused() {
        Sampling sampling = new Sampling(field(), Flow.LINEAR, Guidance.NONE, new Euler(1));
        assertThrows(
                IllegalArgumentException.class,
                () -> sampling.from(new double[7], new int[2], new KeyedNoise(0, 0), 1, Progress.NONE));
        assertThrows(
                IllegalArgumentException.class,
                () -> sampling.from(new double[8], new int[2], new KeyedNoise(0, 0), 0, Progress.NONE));
    }

    /// v(x, t) = −v_SiT(x, 1 − t): sampling the reversed model is sampling that formula around the model itself.
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F64"})
    void aCheckpointThatRunsTimeTheOtherWay(DType dtype) {
        ModelConfig config = ModelConfig.deepflow(4, 2, 1, 5, 16, 2, 2, 2, 12);
        DeepFlow model = new DeepFlow(config);
        try (Backend backend = Backends.open("cpu", dtype, 1)) {
            Map<String, Tensor> weights = new RandomWeights(3).upload(backend, Declarations.of(model));
            VelocityField published = new ModelField(backend, model, weights);
            VelocityField formula = new VelocityField() {
                @Override
                public Shape sample() {
                    return published.sample();
                }

                @Override
                public int nullLabel() {
                    return published.nullLabel();
                }

                @Override
                public double[] velocity(double[] x, double[] t, int[] labels) {
                    double[] reversed = Arrays.stream(t).map(v -> 1 - v).toArray();
                    return Arrays.stream(published.velocity(x, reversed, labels))
                            .map(v -> -v)
                            .toArray();
                }
            };
            VelocityField reversed = new ModelField(backend, new ReversedTime(model), weights);
            int[] labels = {1, 4};
            for (Sampler sampler : List.of(new Heun(4), new EulerMaruyama(4))) {
                double tolerance = dtype == DType.F64 ? 0 : 1e-5;
                double[] expected = new Sampling(formula, Flow.LINEAR, Guidance.of(1.5), sampler)
                        .keyed(1, 0, labels, 2, Progress.NONE)
                        .values();
                double[] actual = new Sampling(reversed, Flow.LINEAR, Guidance.of(1.5), sampler)
                        .keyed(1, 0, labels, 2, Progress.NONE)
                        .values();
                assertArrayEquals(expected, actual, tolerance);
            }
        }
    }
}

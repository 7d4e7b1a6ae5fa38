package deepflow.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.RandomWeights;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TrainerTest {
    private static final ModelConfig MODEL = ModelConfig.deepflow(4, 2, 1, 3, 8, 2, 2, 2, 8);
    private static final DeepFlow NET = new DeepFlow(MODEL);
    private static final List<ParameterSpec> SPECS = Declarations.of(NET);

    private final Backend b = Backends.open("cpu", DType.F64, 1);

    @AfterEach
    void close() {
        b.close();
    }

    private Batch batch(int from, int count) {
        double[] x0 = new double[count * 16];
        double[] x1 = new double[count * 16];
        double[] t = new double[count];
        int[] y = new int[count];
        for (int n = 0; n < count; n++) {
            KeyedRandom random = KeyedRandom.of(1, "test", from + n);
            for (int i = 0; i < 16; i++) {
                x0[n * 16 + i] = random.gaussian();
                x1[n * 16 + i] = random.gaussian();
            }
            t[n] = random.uniform();
            y[n] = random.below(4);
        }
        Tensor time = b.upload(t, Shape.of(count));
        Shape image = Shape.of(count, 1, 4, 4);
        return new Batch(
                b.upload(x0, image),
                b.upload(x1, image),
                List.of(time, time),
                b.uploadIndices(y, Shape.of(count)),
                null);
    }

    private TrainingState state() {
        return TrainingState.fresh(b, SPECS, new RandomWeights(4));
    }

    private Trainer trainer(OptimizerConfig optimizer) {
        return new Trainer(NET, Objective.published(2), optimizer);
    }

    /// AdamW's first step by hand: m̂ = g and v̂ = g², so each weight moves by lr·g/(|g| + ε), after decay.
    @Test
    void theFirstStepIsAdamsClosedForm() {
        OptimizerConfig constants = new OptimizerConfig(1e-2, 0.9, 0.999, 1e-8, 0.1, 0, 0.75);
        TrainingState state = state();
        ParameterSpec spec = state.trained().getFirst();
        double[] before = b.download(state.of(spec).weight());
        StepResult r = trainer(constants).step(b, state, List.of(batch(0, 4)), 1);
        assertTrue(r.taken());
        assertEquals(r.total(), r.deep() + r.acc(), 1e-12);
        double[] m = b.download(state.of(spec).m());
        double[] v = b.download(state.of(spec).v());
        double[] after = b.download(state.of(spec).weight());
        double[] ema = b.download(state.of(spec).ema());
        for (int i = 0; i < before.length; i++) {
            double g = m[i] / 0.1;
            assertEquals(0.001 * g * g, v[i], 1e-12 * g * g + 1e-300);
            double expected = before[i] - 1e-2 * 0.1 * before[i] - 1e-2 * g / (Math.abs(g) + 1e-8);
            assertEquals(expected, after[i], 1e-12);
            assertEquals(0.75 * before[i] + 0.25 * after[i], ema[i], 1e-14);
        }
    }

    /// Clipping scales all gradients by clip/(norm + 1e-6): the moments are those of the scaled gradients.
    @Test
    void clippingScalesAllGradientsAlike() {
        double clip = 0.01;
        TrainingState free = state();
        TrainingState clipped = state();
        StepResult r = trainer(new OptimizerConfig(1e-3, 0.9, 0.999, 1e-8, 0, 0, 0.9))
                .step(b, free, List.of(batch(0, 4)), 1);
        StepResult same = trainer(new OptimizerConfig(1e-3, 0.9, 0.999, 1e-8, 0, clip, 0.9))
                .step(b, clipped, List.of(batch(0, 4)), 1);
        assertEquals(r.gradNorm(), same.gradNorm());
        assertTrue(r.gradNorm() > clip);
        double squares = 0;
        for (ParameterSpec spec : free.trained()) {
            double[] g = b.download(free.of(spec).m());
            double[] c = b.download(clipped.of(spec).m());
            for (int i = 0; i < g.length; i++) {
                assertEquals(g[i] * clip / (r.gradNorm() + 1e-6), c[i], 1e-13 * Math.abs(g[i]) + 1e-300);
                squares += c[i] * c[i] * 100;
            }
        }
        assertEquals(clip, Math.sqrt(squares), 1e-6);
    }

    @Test
    void partsOfABatchGiveTheBatchsGradient() {
        OptimizerConfig constants = new OptimizerConfig(1e-3, 0.9, 0.999, 1e-8, 0, 1, 0.9);
        TrainingState whole = state();
        TrainingState parts = state();
        StepResult one = trainer(constants).step(b, whole, List.of(batch(0, 6)), 1);
        StepResult three = trainer(constants)
                .step(b, parts, List.of(batch(0, 2), batch(2, 2), batch(4, 2)), 1);
        assertEquals(one.total(), three.total(), 1e-12);
        assertEquals(one.gradNorm(), three.gradNorm(), 1e-12);
        for (ParameterSpec spec : whole.trained()) {
            double[] expected = b.download(whole.of(spec).m());
            double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
            assertArrayEquals(expected, b.download(parts.of(spec).m()), 1e-12 * scale + 1e-15, spec.name());
        }
    }

    @Test
    void trainingReducesTheLoss() {
        Trainer trainer = trainer(new OptimizerConfig(3e-3, 0.9, 0.999, 1e-8, 0, 1, 0.9));
        TrainingState state = state();
        List<Batch> batch = List.of(batch(0, 8));
        double first = trainer.step(b, state, batch, 1).total();
        double last = first;
        for (int step = 2; step <= 60; step++) {
            last = trainer.step(b, state, batch, step).total();
        }
        assertTrue(last < 0.5 * first, first + " → " + last);
    }

    @Test
    void whatIsNeverTrainedStaysAsItIs() {
        TrainingState state = state();
        double[] before = b.download(state.weights().get("pos_embed"));
        trainer(OptimizerConfig.PUBLISHED).step(b, state, List.of(batch(0, 2)), 1);
        assertArrayEquals(before, b.download(state.weights().get("pos_embed")));
        assertArrayEquals(before, b.download(state.averages().get("pos_embed")));
        assertEquals(SPECS.size(), state.averages().size());
    }

    @Test
    void aNumberThatIsNotFiniteStopsTheStepAndIsNamed() {
        Trainer trainer = trainer(OptimizerConfig.PUBLISHED);
        TrainingState state = state();
        assertNull(trainer.step(b, state, List.of(batch(0, 2)), 1).notFinite());

        Batch good = batch(0, 2);
        double[] x = b.download(good.x0());
        x[5] = Double.NaN;
        Batch bad = new Batch(b.upload(x, good.x0().shape()), good.x1(), good.t(), good.y(), null);
        double[] before = b.download(state.weights().get("blocks.0.mlp.fc1.weight"));
        StepResult r = trainer.step(b, state, List.of(bad), 2);
        assertFalse(r.taken());
        assertEquals("in.x0", r.notFinite());
        assertArrayEquals(before, b.download(state.weights().get("blocks.0.mlp.fc1.weight")));

        TrainingState broken = TrainingState.fresh(b, SPECS, spec -> {
            double[] w = new RandomWeights(4).of(spec);
            w[0] = spec.name().equals("blocks.1.mlp.fc1.weight") ? Double.POSITIVE_INFINITY : w[0];
            return w;
        });
        assertEquals(
                "weight.blocks.1.mlp.fc1.weight",
                trainer.step(b, broken, List.of(good), 1).notFinite());

        TrainingState huge = TrainingState.fresh(b, SPECS, spec -> {
            double[] w = new RandomWeights(4).of(spec);
            if (spec.name().equals("blocks.0.attn.qkv.weight")) {
                Arrays.fill(w, 1e200);
            }
            return w;
        });
        String name = trainer.step(b, huge, List.of(good), 1).notFinite();
        assertTrue(name != null && name.startsWith("act.blocks.0.attn"), name);
    }
}

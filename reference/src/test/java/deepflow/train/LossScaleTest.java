package deepflow.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LossScaleTest {
    private static final DeepFlow NET = new DeepFlow(ModelConfig.deepflow(4, 2, 1, 3, 8, 2, 2, 2, 8));
    private static final List<ParameterSpec> SPECS = Declarations.of(NET);
    private static final OptimizerConfig CONSTANTS = new OptimizerConfig(1e-2, 0.9, 0.999, 1e-8, 0.1, 0.05, 0.75);

    private final Backend b = Backends.open("cpu", DType.F64, 1);
    private final Trainer trainer = new Trainer(NET, Objective.published(2), CONSTANTS);

    @AfterEach
    void close() {
        b.close();
    }

    private Batch batch(int from) {
        return batch(from, 1);
    }

    private Batch batch(int from, double size) {
        double[] x0 = new double[32];
        double[] x1 = new double[32];
        KeyedRandom.of(1, "x0", from).gaussians(x0);
        KeyedRandom.of(1, "x1", from).gaussians(x1);
        for (int i = 0; i < x0.length; i++) {
            x0[i] *= size;
        }
        Shape image = Shape.of(2, 1, 4, 4);
        var t = b.upload(new double[] {0.3, 0.8}, Shape.of(2));
        var y = b.uploadIndices(new int[] {0, 2}, Shape.of(2));
        return new Batch(b.upload(x0, image), b.upload(x1, image), List.of(t, t), y, null);
    }

    private TrainingState state(LossScale scale) {
        TrainingState state = TrainingState.fresh(b, SPECS, new RandomWeights(4));
        assertNull(state.lossScale(), "a back end that multiplies in full precision scales nothing");
        state.lossScale(scale);
        return state;
    }

    private void assertSameBits(TrainingState expected, TrainingState actual) {
        for (ParameterSpec spec : expected.trained()) {
            ParameterState e = expected.of(spec);
            ParameterState a = actual.of(spec);
            assertArrayEquals(b.download(e.weight()), b.download(a.weight()), spec.name());
            assertArrayEquals(b.download(e.m()), b.download(a.m()), spec.name());
            assertArrayEquals(b.download(e.v()), b.download(a.v()), spec.name());
            assertArrayEquals(b.download(e.ema()), b.download(a.ema()), spec.name());
        }
    }

    /// A power of two changes no digit on its way through a linear computation, and is gone before clipping:
    /// the step is that of an unscaled loss, bit for bit.
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aStepWithAScaledLossIsTheSameStep(int parts) {
        TrainingState plain = state(null);
        TrainingState scaled = state(LossScale.START);
        List<Batch> batch = List.of(batch(0), batch(1)).subList(0, parts);
        StepResult expected = trainer.step(b, plain, batch, 1);
        StepResult actual = trainer.step(b, scaled, batch, 1);
        assertEquals(expected, actual);
        assertFalse(actual.skipped());
        assertTrue(actual.gradNorm() > CONSTANTS.clip(), "clipping must have something to do");
        assertSameBits(plain, scaled);
        assertEquals(new LossScale(65536, 1, 0), scaled.lossScale());
    }

    /// Gradients overflow: nothing changes but the scale. The step after is AdamW's first.
    @Test
    void anOverflowSkipsTheStepAndHalvesTheScale() {
        TrainingState plain = state(null);
        TrainingState scaled = state(new LossScale(0x1p1023, 7, 0));
        StepResult skipped = trainer.step(b, scaled, List.of(batch(0, 1e4)), 1);
        assertTrue(skipped.skipped());
        assertTrue(skipped.taken());
        assertFalse(Double.isFinite(skipped.gradNorm()));
        assertTrue(Double.isFinite(skipped.total()));
        assertSameBits(plain, scaled);
        assertEquals(new LossScale(0x1p1022, 0, 1), scaled.lossScale());

        scaled.lossScale(new LossScale(1024, 0, 1));
        trainer.step(b, scaled, List.of(batch(1)), 2);
        trainer.step(b, plain, List.of(batch(1)), 1);
        assertSameBits(plain, scaled);
    }

    /// A loss that is not finite itself, or gradients that overflow unscaled, are failures: no scale helps.
    @Test
    void whatNoScaleCanHelpIsAFailure() {
        TrainingState broken = TrainingState.fresh(b, SPECS, spec -> {
            double[] w = new RandomWeights(4).of(spec);
            w[0] = spec.name().equals("blocks.0.mlp.fc1.weight") ? Double.NaN : w[0];
            return w;
        });
        broken.lossScale(LossScale.START);
        StepResult r = trainer.step(b, broken, List.of(batch(0)), 1);
        assertEquals("weight.blocks.0.mlp.fc1.weight", r.notFinite());
        assertFalse(r.skipped());
        assertEquals(LossScale.START, broken.lossScale());
    }

    @Test
    void theScaleDoublesAfterTwoThousandGoodStepsAndHalvesAtOnce() {
        LossScale scale = LossScale.START;
        for (int step = 1; step < LossScale.PATIENCE; step++) {
            scale = scale.grown();
            assertEquals(65536, scale.factor());
        }
        scale = scale.grown();
        assertEquals(new LossScale(131072, 0, 0), scale);
        scale = scale.grown().shrunk().shrunk();
        assertEquals(new LossScale(32768, 0, 2), scale);
        while (scale.canShrink()) {
            scale = scale.shrunk();
        }
        assertEquals(1, scale.factor());
        assertThrows(IllegalStateException.class, scale::shrunk);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 3, -2, Double.NaN, Double.POSITIVE_INFINITY})
    void aFactorIsAPowerOfTwo(double factor) {
        assertThrows(IllegalArgumentException.class, () -> new LossScale(factor, 0, 0));
    }
}

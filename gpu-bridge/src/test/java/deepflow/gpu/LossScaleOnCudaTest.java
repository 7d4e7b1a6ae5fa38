package deepflow.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.RandomWeights;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import deepflow.tensor.Shape;
import deepflow.train.Batch;
import deepflow.train.LossScale;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import deepflow.train.StepResult;
import deepflow.train.Trainer;
import deepflow.train.TrainingState;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Products in fp16 on a GPU: what overflows, and what a scaled loss does about it.
class LossScaleOnCudaTest {
    private static final DeepFlow NET = new DeepFlow(ModelConfig.deepflow(4, 2, 1, 3, 16, 2, 2, 2, 8));
    private static final List<ParameterSpec> SPECS = Declarations.of(NET);
    private static final OptimizerConfig CONSTANTS = new OptimizerConfig(1e-2, 0.9, 0.999, 1e-8, 0, 0, 0.75);

    private final Trainer trainer = new Trainer(NET, Objective.published(2), CONSTANTS);

    @BeforeEach
    void start() {
        if (!Gpus.REAL) {
            Gpus.simulator();
        }
    }

    private static List<Batch> batch(Backend b) {
        SplittableRandom random = new SplittableRandom(1);
        Shape image = Shape.of(2, 1, 4, 4);
        var x0 = b.upload(random.doubles(32, -1, 1).toArray(), image);
        var x1 = b.upload(random.doubles(32, -2, 2).toArray(), image);
        var t = b.upload(new double[] {0.25, 0.75}, Shape.of(2));
        return List.of(new Batch(x0, x1, List.of(t, t), b.uploadIndices(new int[] {0, 2}, Shape.of(2)), null));
    }

    /// From 2⁴⁰ the gradients of activations exceed 65504 and become infinite where they enter a product: steps
    /// are skipped and weights stay, until the scale fits. Then the first moments are those of the float64
    /// reference, to the three digits of fp16: unscaled, that is.
    @Test
    void aScaleThatOverflowsIsHalvedUntilItFits() {
        try (CudaBackend b = Gpus.open(0, DType.F32, ProductPrecision.FP16);
                Backend cpu = Backends.open("cpu", DType.F64, 1)) {
            TrainingState state = TrainingState.fresh(b, SPECS, new RandomWeights(4));
            assertEquals(LossScale.START, state.lossScale());
            state.lossScale(new LossScale(0x1p40, 0, 0));
            ParameterSpec spec = SPECS.stream()
                    .filter(s -> s.name().equals("blocks.0.mlp.fc1.weight"))
                    .findFirst()
                    .orElseThrow();
            double[] before = b.download(state.of(spec).weight());
            int skipped = 0;
            StepResult r = trainer.step(b, state, batch(b), 1);
            while (r.skipped()) {
                skipped++;
                assertTrue(Double.isFinite(r.total()));
                assertFalse(Double.isFinite(r.gradNorm()));
                assertArrayEquals(before, b.download(state.of(spec).weight()));
                assertEquals(new LossScale(Math.scalb(1.0, 40 - skipped), 0, skipped), state.lossScale());
                r = trainer.step(b, state, batch(b), 1 + skipped);
            }
            assertTrue(skipped > 5 && skipped < 40, "skipped " + skipped);
            assertEquals(1, assertNotNullAndGet(state).good());

            TrainingState truth = TrainingState.fresh(cpu, SPECS, new RandomWeights(4));
            StepResult expected = trainer.step(cpu, truth, batch(cpu), 1);
            assertEquals(expected.total(), r.total(), 2e-3 * expected.total());
            assertEquals(expected.gradNorm(), r.gradNorm(), 5e-3 * expected.gradNorm());
            double[] e = cpu.download(truth.of(spec).m());
            double[] a = b.download(state.of(spec).m());
            double error = 0;
            double size = 0;
            for (int i = 0; i < e.length; i++) {
                error += (a[i] - e[i]) * (a[i] - e[i]);
                size += e[i] * e[i];
            }
            assertTrue(Math.sqrt(error / size) < 5e-3, "relative error " + Math.sqrt(error / size));
            assertTrue(error > 0, "products are rounded");
        }
    }

    private static LossScale assertNotNullAndGet(TrainingState state) {
        LossScale scale = state.lossScale();
        assertNotNull(scale);
        return scale;
    }
}

package deepflow.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.autograd.Tape;
import deepflow.model.Configs;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.ParameterValues;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.oracle.RecordedStep;
import deepflow.oracle.StepMemory;
import deepflow.sample.EvaluationCost;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import deepflow.train.Trainer;
import deepflow.train.TrainingCost;
import deepflow.train.TrainingState;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The counted peak against what the CPU back end's tensors hold while the same step really runs.
class PredictedMemoryTest {
    private static final double TOLERANCE = 0.15;

    private static final ParameterValues ZEROS =
            spec -> new double[Math.toIntExact(spec.shape().size())];

    private static void assertPredicts(long predicted, DType dtype, HeldMemory.Computation computation) {
        try (Backend cpu = Backends.open("cpu", dtype, 1)) {
            long measured = HeldMemory.most(cpu, predicted / 2, computation);
            assertEquals(1, predicted / (double) measured, TOLERANCE, predicted + " predicted, measured " + measured);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "digits, 24, 1, F32",
        "digits, 1, 1, F64",
        "tiny-2t, 64, 1, F64",
        "tiny-3t, 5, 3, F32",
        "tiny-sit, 16, 1, F64"
    })
    void ofATrainingStep(String name, int samples, int parts, DType dtype) {
        ModelConfig c = Configs.resolve(name);
        DeepFlow model = new DeepFlow(c);
        Objective objective = Objective.published(c.k());
        assertPredicts(TrainingCost.of(model, objective, samples, parts, dtype).peakBytes(), dtype, b -> {
            TrainingState state = TrainingState.zeros(b, Declarations.of(model));
            List<Batch> batch = Collections.nCopies(parts, Batch.zeros(b, c, samples));
            try (Arena _ = b.arena()) {
                new Trainer(model, objective, OptimizerConfig.PUBLISHED).step(b, state, batch, 1);
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"digits, 64, F32", "tiny-3t, 1, F64"})
    void ofAnEvaluation(String name, int samples, DType dtype) {
        ModelConfig c = Configs.resolve(name);
        DeepFlow model = new DeepFlow(c);
        assertPredicts(EvaluationCost.of(model, samples, dtype).peakBytes(), dtype, b -> {
            Map<String, Tensor> weights = ZEROS.upload(b, Declarations.of(model));
            Batch batch = Batch.zeros(b, c, samples);
            Tape tape = Tape.inference(b);
            Parameters parameters = Parameters.on(tape, Declarations.of(model), weights);
            model.forward(
                    Context.root(tape, parameters, TraceListener.NONE),
                    tape.constant(batch.x0()),
                    batch.t(),
                    batch.y());
        });
    }

    @ParameterizedTest
    @CsvSource({
        "digits, 4, F64, OUTPUTS_AND_GRADIENTS",
        "tiny-2t, 16, F32, OUTPUTS",
        "tiny-3t, 64, F64, OUTPUTS_AND_GRADIENTS",
        "tiny-sit, 16, F32, NOTHING"
    })
    void ofARecordedStep(String name, int samples, DType dtype, RecordedStep.Keep keep) {
        ModelConfig c = Configs.resolve(name);
        DeepFlow model = new DeepFlow(c);
        long predicted = StepMemory.of(c, samples, dtype, keep).peakBytes();
        assertPredicts(predicted, dtype, b -> {
            Map<String, Tensor> weights = ZEROS.upload(b, Declarations.of(model));
            RecordedStep step = RecordedStep.run(
                    b,
                    model,
                    Declarations.of(model),
                    weights,
                    Objective.published(c.k()),
                    Batch.zeros(b, c, samples),
                    keep);
            b.full(step.losses().total().shape(), 0); // all is still held here
        });
    }
}

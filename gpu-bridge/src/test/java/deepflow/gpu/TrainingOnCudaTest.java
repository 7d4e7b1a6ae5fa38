package deepflow.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.experiment.RunConfig;
import deepflow.experiment.RunConfigJson;
import deepflow.experiment.RunFolder;
import deepflow.experiment.RunListener;
import deepflow.experiment.Schedule;
import deepflow.experiment.StepsOfRun;
import deepflow.experiment.TrainingRun;
import deepflow.io.TensorSource;
import deepflow.model.Configs;
import deepflow.oracle.CheckResult;
import deepflow.oracle.Golden;
import deepflow.oracle.Oracle;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import deepflow.train.Objective;
import deepflow.train.StepResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Whole training steps on a GPU, judged by the CPU reference.
class TrainingOnCudaTest {
    private static final DataSet DIGITS = new DataSets(Path.of("..", "testdata")).open("digits", 10, null);

    private static final Schedule TWENTY = new Schedule(20, 10, 2, false);

    @TempDir
    private Path folder;

    @BeforeEach
    void start() {
        if (!Gpus.REAL) {
            Gpus.simulator();
        }
    }

    /// Forward, backward, clipping, AdamW and average: `deepflow check` finds the dump consistent with its
    /// precision, tensor by tensor. Twice the same bytes.
    @ParameterizedTest
    @CsvSource({
        "tiny-2t, F32, FULL",
        "tiny-3t, F32, FULL",
        "digits, F32, FULL",
        "tiny-2t, F64, FULL",
        "tiny-2t, F32, TF32",
        "tiny-2t, F32, BF16",
        "tiny-2t, F32, FP16"
    })
    void aStepIsWhatTheReferenceComputes(String name, DType type, ProductPrecision products) throws IOException {
        Path dump = folder.resolve("step.safetensors");
        Path again = folder.resolve("again.safetensors");
        var config = Configs.named(name);
        Golden golden = new Golden(config, Objective.published(config.k()), 3, 2, true);
        try (CudaBackend b = Gpus.open(0, type, products)) {
            golden.write(b, "cuda", dump);
            golden.write(b, "cuda", again);
        }
        assertArrayEquals(Files.readAllBytes(dump), Files.readAllBytes(again));
        CheckResult result = Oracle.check(dump).result();
        assertTrue(result.consistent(), () -> result.first().toString());
        assertEquals(List.of(), result.absent());
    }

    private static RunConfig config(String json) {
        return RunConfigJson.parse((ObjectNode) new JsonMapper().readTree(json));
    }

    private Path train(String name, RunConfig config, Backend b, Schedule schedule, boolean resume, RunListener l) {
        Path path = folder.resolve(name);
        new TrainingRun(new RunFolder(path), config, DIGITS, "test").train(b, schedule, resume, l);
        return path;
    }

    /// A run of twenty steps of `digits`, step by step: from the state that the step before left, weights, moments
    /// and averages are consistent with float32 by their budgets.
    @Test
    void everyOfTwentyStepsOfDigitsIsConsistent() {
        RunConfig config = config("{\"config\": \"digits\", \"batch\": 4, \"lr\": 0.0003, \"precision\": \"f32\"}");
        Path run;
        try (CudaBackend b = Gpus.open(DType.F32)) {
            run = train("digits", config, b, new Schedule(21, 1, 21, false), false, RunListener.SILENT);
        }
        StepsOfRun steps = new StepsOfRun(run, config, DIGITS);
        try (Oracle oracle = Oracle.open(Oracle.Options.defaults())) {
            for (int step = 2; step <= 21; step++) {
                CheckResult result = oracle.judge(steps.dump(step, folder.resolve("step.safetensors")))
                        .result();
                String name = "step " + step;
                assertTrue(result.consistent(), () -> name + ": " + result.first());
                assertTrue(result.unbudgeted().isEmpty() && result.findings().size() > 200, name);
            }
        }
    }

    /// Products in fp16: the scale of the loss is in the checkpoints, and a run that was interrupted on the way
    /// ends with the bytes of one that was not.
    @Test
    void anFp16RunResumesWithTheSameBytes() throws IOException {
        RunConfig config = config(
                "{\"model\": {\"size\": 8, \"patch\": 4, \"channels\": 1, \"classes\": 10, \"width\": 8, \"depth\": 2,"
                        + " \"heads\": 2, \"k\": 2, \"acc\": 8}, \"batch\": 4, \"lr\": 0.003, \"matmul_precision\": \"fp16\"}");
        List<StepResult> steps = new ArrayList<>();
        RunListener record = new RunListener() {
            @Override
            public void step(long step, StepResult result) {
                steps.add(result);
            }
        };
        Path whole;
        Path cut;
        try (CudaBackend b = Gpus.open(0, DType.F32, ProductPrecision.FP16)) {
            whole = train("whole", config, b, TWENTY, false, record);
        }
        try (CudaBackend b = Gpus.open(0, DType.F32, ProductPrecision.FP16)) {
            train("cut", config, b, new Schedule(10, 10, 2, false), false, RunListener.SILENT);
        }
        try (CudaBackend b = Gpus.open(0, DType.F32, ProductPrecision.FP16)) {
            cut = train("cut", config, b, TWENTY, true, RunListener.SILENT);
        }
        assertEquals(20, steps.size());
        assertFalse(steps.getLast().skipped());
        for (String file : List.of("step-000020.safetensors", "metrics.csv")) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(cut.resolve(file)), file);
        }
        try (TensorSource last = TensorSource.open(whole.resolve("step-000020.safetensors"))) {
            assertNotNull(last.metadata().get("loss_scale"));
        }
    }
}

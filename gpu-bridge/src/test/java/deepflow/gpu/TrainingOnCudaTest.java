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
import deepflow.experiment.TrainingRun;
import deepflow.io.TensorSource;
import deepflow.model.Configs;
import deepflow.oracle.CheckResult;
import deepflow.oracle.Checker;
import deepflow.oracle.Golden;
import deepflow.oracle.Precision;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import deepflow.train.Objective;
import deepflow.train.StepResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
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
        try (Backend cpu = Backends.open("cpu", DType.F64, 2)) {
            CheckResult result = new Checker(cpu).check(dump);
            assertTrue(result.consistent(), () -> result.first().toString());
            assertEquals(List.of(), result.absent());
        }
    }

    private static RunConfig config(String json) {
        return RunConfigJson.parse((ObjectNode) new JsonMapper().readTree(json));
    }

    private Path train(String name, RunConfig config, Backend b, long steps, boolean resume, RunListener listener) {
        Path path = folder.resolve(name);
        new TrainingRun(new RunFolder(path), config, DIGITS, "test")
                .train(b, new Schedule(steps, 10, 2, false), resume, listener);
        return path;
    }

    /// After twenty steps of `digits` every weight, moment and average is the reference's, to ten times the
    /// relative error that `check` allows a float32 tensor of one step. Single elements are not judged: AdamW
    /// divides by √v, so that one whose gradients are nearly 0 moves as rounding says.
    @Test
    void twentyStepsOfDigitsEndWhereTheReferenceEnds() throws IOException {
        String json = "{\"config\": \"digits\", \"batch\": 4, \"lr\": 0.0003, \"precision\": \"%s\"}";
        RunConfig narrow = config(json.formatted("f32"));
        RunConfig wide = config(json.formatted("f64"));
        Path onCuda;
        Path onCpu;
        try (CudaBackend b = Gpus.open(DType.F32)) {
            onCuda = train("cuda", narrow, b, 20, false, RunListener.SILENT);
        }
        try (Backend b = Backends.open("cpu", DType.F64, 2)) {
            onCpu = train("cpu", wide, b, 20, false, RunListener.SILENT);
        }
        try (TensorSource actual = TensorSource.open(onCuda.resolve("step-000020.safetensors"));
                TensorSource expected = TensorSource.open(onCpu.resolve("step-000020.safetensors"))) {
            assertEquals(new TreeSet<>(expected.names()), new TreeSet<>(actual.names()));
            for (String name : expected.names()) {
                double error = relativeError(actual.readDoubles(name), expected.readDoubles(name));
                // no softmax sees what is added to all keys: a key's bias has the gradient 0, and moves as rounding
                // says
                double bound = name.endsWith("qkv.bias") || name.endsWith("in_proj_bias")
                        ? 1e-2
                        : 10 * Precision.F32.threshold();
                assertTrue(error <= bound, () -> name + ": relative error " + error);
            }
        }
    }

    private static double relativeError(double[] actual, double[] expected) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        return size == 0 ? Math.sqrt(error) : Math.sqrt(error / size);
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
            whole = train("whole", config, b, 20, false, record);
        }
        try (CudaBackend b = Gpus.open(0, DType.F32, ProductPrecision.FP16)) {
            train("cut", config, b, 10, false, RunListener.SILENT);
        }
        try (CudaBackend b = Gpus.open(0, DType.F32, ProductPrecision.FP16)) {
            cut = train("cut", config, b, 20, true, RunListener.SILENT);
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

package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.ModelConfig;
import deepflow.tensor.Accumulation;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Right implementations add the thousands of terms of a product in blocks, or in one sum whose error is several times
/// as large. A batch of one image has rows of 6·D gradients to multiply, one at a time.
class LongSumsTest {
    private static final ModelConfig WIDE = ModelConfig.deepflow(4, 2, 3, 4, 320, 2, 4, 2, 12);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void neitherIsHeldAgainstAnyone(Accumulation accumulation) {
        Path file = folder.resolve("step.safetensors");
        try (Backend exact = Backends.open("cpu", DType.F64, 2);
                Backend wide = open(DType.F64, accumulation);
                Backend narrow = open(DType.F32, accumulation)) {
            new SeededStep(WIDE, Precision.F32, 1, 1, 1).write(wide, narrow, null, file);
            CheckResult result = new Checker(exact, Workers.cpu(2), new Judging(null, 1e-3, 8)).check(file);
            assertEquals(8, result.runs());
            assertTrue(result.consistent(), () -> result.suspects().toString());
        }
    }

    private static Backend open(DType type, Accumulation accumulation) {
        return Backends.open(DeviceId.CPU, BackendOptions.of(type, 2).accumulating(accumulation));
    }
}

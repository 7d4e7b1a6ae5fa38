package deepflow.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.oracle.CheckResult;
import deepflow.oracle.Judging;
import deepflow.oracle.Oracle;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `check --device cuda`: the truth is a GPU's, emulated runs are the CPU's, and the verdict is the same.
class CheckOnCudaTest {
    private static final Path STEPS = Path.of("..", "testdata", "steps");

    @BeforeEach
    void start() {
        if (!Gpus.REAL) {
            Gpus.simulator();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-2t-f64", "tiny-2t-bf16", "one-token-step-bf16"})
    void aRightStepIsConsistentByItsBudgets(String step) {
        Oracle.Options cpu = Oracle.Options.defaults();
        Oracle.Options cuda =
                new Oracle.Options(Judging.BY_BUDGETS, DType.F64, DeviceId.parse("cuda"), null, false, cpu.threads());
        CheckResult result =
                Oracle.check(STEPS.resolve(step + ".safetensors"), cuda).result();
        assertTrue(result.consistent(), () -> result.first().toString());
        assertEquals(
                Oracle.check(STEPS.resolve(step + ".safetensors"), cpu).result().runs(), result.runs());
        assertTrue(result.runs() > 0 && result.unbudgeted().isEmpty());
    }
}

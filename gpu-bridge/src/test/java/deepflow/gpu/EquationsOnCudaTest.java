package deepflow.gpu;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.oracle.verification.EquationChecks;
import deepflow.oracle.verification.EquationReport;
import deepflow.oracle.verification.Verification;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import java.nio.file.Path;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What `deepflow verify` runs passes on a GPU: the vectors of every equation, its gradient against central
/// differences, and its laws.
class EquationsOnCudaTest {
    private static final Path VECTORS = Path.of("..", "testdata", "equations");

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F64"})
    void everyEquationIsWhatItsVectorsSay(DType type) {
        if (!Gpus.REAL) {
            Gpus.simulator();
        }
        try (Backend b = Gpus.open(type)) {
            for (EquationChecks checks : EquationChecks.ALL) {
                EquationReport report = Verification.run(b, VECTORS, checks);
                assertAll(report.evidence().stream().map(r -> (Executable) () -> assertTrue(r.passed(), r.toString())));
            }
        }
    }
}

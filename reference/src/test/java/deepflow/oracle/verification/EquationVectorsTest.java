package deepflow.oracle.verification;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Backend;
import deepflow.tensor.NaiveBackend;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every check of `deepflow verify` passes: vectors, gradients, laws at the fixed sizes.
class EquationVectorsTest {
    static final Path VECTORS = Path.of("../testdata/equations");

    static List<EquationChecks> all() {
        return EquationChecks.ALL;
    }

    @ParameterizedTest
    @MethodSource("all")
    void everyCheckPasses(EquationChecks checks) {
        try (Backend backend = new NaiveBackend()) {
            EquationReport report = Verification.run(backend, VECTORS, checks);
            assertAll(report.results().stream().map(r -> (Executable) () -> assertTrue(r.passed(), r.toString())));
            System.out.println(report);
        }
    }
}

package deepflow.oracle.verification;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Backend;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What `deepflow verify` runs passes on every back end: vectors, gradients, laws at the fixed sizes.
class VerificationTest {
    static final Path VECTORS = Path.of("../testdata/equations");

    static List<Arguments> all() {
        return Stream.of(TestBackends.values())
                .flatMap(b -> EquationChecks.ALL.stream().map(c -> Arguments.of(b, c)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("all")
    void everyCheckPasses(TestBackends where, EquationChecks checks) {
        try (Backend backend = where.open()) {
            EquationReport report = Verification.run(backend, VECTORS, checks);
            assertAll(report.evidence().stream().map(r -> (Executable) () -> assertTrue(r.passed(), r.toString())));
        }
    }
}

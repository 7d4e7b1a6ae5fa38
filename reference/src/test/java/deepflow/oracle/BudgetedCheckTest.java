package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.ElementType;
import deepflow.io.SafetensorsWriter;
import deepflow.io.TensorSource;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Steps of the peer judged against budgets: right ones, and ones with a wrong tensor.
class BudgetedCheckTest {
    private static final Path STEPS = Path.of("../testdata/steps");

    @TempDir
    private Path folder;

    private static CheckResult check(Path dump, Judging judging) {
        try (Backend exact = Backends.open("cpu", DType.F64, 2);
                Backend sums = Backends.open("cpu", DType.F32, 2)) {
            return new Checker(exact, sums, judging).check(dump);
        }
    }
}

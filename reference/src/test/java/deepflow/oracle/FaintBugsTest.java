package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.ModelConfig;
import deepflow.oracle.zoo.Bug;
import deepflow.oracle.zoo.Zoo;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bugs whose effect is smaller than every limit of a narrow type: activations are functions in the program, so that
/// between two products nothing was recorded, and the gradients of the first were not written.
class FaintBugsTest {
    private static final ModelConfig MODEL = ModelConfig.deepflow(8, 2, 4, 10, 32, 2, 2, 2, 24);
    private static final Backend EXACT = Backends.open("cpu", DType.F64, 2);
    private static final Backend SUMS = Backends.open("cpu", DType.F32, 2);

    @TempDir
    private Path folder;

    @AfterAll
    static void close() {
        EXACT.close();
        SUMS.close();
    }

    private EditedDump step(@Nullable Bug bug) {
        Path file = folder.resolve("step.safetensors");
        new SeededStep(MODEL, Precision.BF16, 2, 4, 1).write(EXACT, SUMS, bug, file);
        EditedDump dump = EditedDump.read(file);
        dump.remove(name -> name.matches(".*mlp\\.act.*|gradact\\..*mlp\\.fc1"));
        return dump;
    }

    private CheckResult check(EditedDump dump) {
        return new Checker(EXACT, Workers.cpu(2), new Judging(null, 1e-3, 8))
                .check(dump.write(folder.resolve("changed.safetensors")));
    }

    private static List<String> along(CheckResult result) {
        return result.findings().stream()
                .filter(f -> f.verdict() != null && f.verdict().alongBug())
                .map(Finding::name)
                .toList();
    }

    @Test
    void erfGeluIsFoundBelowEveryLimit() {
        CheckResult result = check(step(Zoo.of("gelu-erf").orElseThrow()));
        assertTrue(
                result.findings().stream()
                        .noneMatch(f -> f.verdict() != null
                                && Math.max(
                                                f.verdict().localRatio(),
                                                f.verdict().globalRatio())
                                        > 1),
                "no limit is broken, or this test shows nothing");
        assertFalse(result.consistent());
        assertEquals("act.blocks.0.mlp.fc2", result.suspects().getLast());
        assertEquals("gelu-erf", result.diagnosis().looksLike().getFirst().bug().name());
        assertTrue(along(result).contains("grad.blocks.0.mlp.fc2.weight"));
    }

    @Test
    void aRightStepHasNone() {
        CheckResult result = check(step(null));
        assertTrue(result.consistent());
        assertEquals(List.of(), along(result));
    }

    @Test
    void whereOnlyGradientsAreTheBugsValuesAreNotBlamed() {
        List<String> along = along(check(step(Zoo.of("gelu-backward-erf").orElseThrow())));
        assertFalse(along.isEmpty());
        assertTrue(along.stream().allMatch(name -> name.startsWith("grad")), along::toString);
    }
}

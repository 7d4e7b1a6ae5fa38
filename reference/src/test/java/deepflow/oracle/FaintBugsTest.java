package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A bug whose effect is smaller than every limit: PyTorch's steps in bfloat16, with erf GELU and without.
class FaintBugsTest {
    private static final Path TESTDATA = Path.of("..", "testdata");
    private static final Backend EXACT = Backends.open("cpu", DType.F64, 2);

    @AfterAll
    static void close() {
        EXACT.close();
    }

    private static CheckResult check(String dump) {
        return check(TESTDATA.resolve(dump));
    }

    private static CheckResult check(Path dump) {
        return new Checker(EXACT, Workers.cpu(2), new Judging(null, 1e-3, 8)).check(dump);
    }

    private static List<String> along(CheckResult result) {
        return result.findings().stream()
                .filter(f -> f.verdict() != null && f.verdict().alongBug())
                .map(Finding::name)
                .toList();
    }

    @Test
    void erfGeluIsFoundBelowEveryLimit() {
        CheckResult result = check("faint/erf-gelu-bf16.safetensors");
        assertTrue(
                result.findings().stream()
                        .noneMatch(f -> f.verdict() != null
                                && Math.max(
                                                f.verdict().localRatio(),
                                                f.verdict().globalRatio())
                                        > 1),
                "no limit is broken, or this test shows nothing");
        assertFalse(result.consistent());
        assertEquals(List.of("act.blocks.0.mlp.act", "act.blocks.0.mlp.fc2"), result.suspects());
        assertEquals(
                List.of("gelu-erf"),
                result.diagnosis().looksLike().stream().map(l -> l.bug().name()).toList());
        assertTrue(along(result).contains("gradact.blocks.0.mlp.fc1"));
    }

    /// Another mistake, of which limits are broken, does not hide it.
    @Test
    void itIsFoundBesideAnotherMistake(@TempDir Path folder) {
        EditedDump dump = EditedDump.read(TESTDATA.resolve("faint/erf-gelu-bf16.safetensors"));
        byte[] zeros = new byte[dump.part("grad.final_layer.1.linear.weight").bytes().length];
        dump.put(
                "grad.final_layer.1.linear.weight",
                "BF16",
                dump.part("grad.final_layer.1.linear.weight").shape(),
                zeros);
        CheckResult result = check(dump.write(folder.resolve("two.safetensors")));
        assertEquals(List.of("act.blocks.0.mlp.act", "act.blocks.0.mlp.fc2"), result.suspects());
    }

    @Test
    void aRightStepHasNone() {
        CheckResult result = check("steps/tiny-2t-bf16.safetensors");
        assertTrue(result.consistent());
        assertEquals(List.of(), along(result));
    }
}

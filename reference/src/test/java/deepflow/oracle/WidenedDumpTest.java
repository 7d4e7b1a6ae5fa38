package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A right step whose numbers were written in a wider type than they had is right, and a wrong one is wrong.
class WidenedDumpTest {
    private static final Path STEPS = Path.of("../testdata/steps");

    @TempDir
    private Path folder;

    /// bfloat16 as float32, float32 as float64.
    private static EditedDump widened(String step) {
        EditedDump dump = EditedDump.read(STEPS.resolve(step + ".safetensors"));
        for (String name : dump.names()) {
            EditedDump.Part part = dump.part(name);
            switch (part.type()) {
                case "BF16" -> {
                    byte[] wide = new byte[2 * part.bytes().length];
                    for (int i = 0; i < part.bytes().length; i++) {
                        wide[i / 2 * 4 + 2 + i % 2] = part.bytes()[i];
                    }
                    dump.put(name, "F32", part.shape(), wide);
                }
                case "F32" -> dump.map(name, x -> x);
                default -> {}
            }
        }
        return dump;
    }

    private CheckResult check(EditedDump dump) {
        return Oracle.check(dump.write(folder.resolve("step.safetensors"))).result();
    }

    @ParameterizedTest
    @ValueSource(strings = {"one-token-step-bf16", "tiny-2t-bf16", "tiny-2t-amp-bf16", "patch-four-one-sample-f32"})
    void aRightStepIsRight(String step) {
        CheckResult result = check(widened(step));
        assertTrue(result.consistent(), () -> result.first().toString());
        assertTrue(result.runs() > 0);
    }

    @Test
    void aWrongStepIsWrong() {
        String name = "act.blocks.1.mlp.fc1";
        CheckResult result = check(widened("tiny-2t-bf16").map(name, x -> 1.02 * x));
        assertFalse(result.consistent());
        assertEquals(List.of(name), result.suspects());
    }
}

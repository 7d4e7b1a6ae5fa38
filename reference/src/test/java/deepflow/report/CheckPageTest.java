package deepflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import deepflow.equation.Equation;
import deepflow.oracle.EditedDump;
import deepflow.oracle.Judging;
import deepflow.oracle.Oracle;
import deepflow.oracle.Verdict;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page of a verdict, as text.
class CheckPageTest {
    static final String HOSTILE = "act.</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'";

    @TempDir
    private Path folder;

    static Verdict judge(Path dump, int runs) {
        Judging judging = new Judging(null, 1e-3, runs);
        return Oracle.check(dump, new Oracle.Options(judging, DType.F64, DeviceId.CPU, null, true, 2));
    }

    static Path wrong(Path folder) {
        return EditedDump.read(TestData.step("patch-four-one-sample-f32"))
                .map("act.blocks.1.mlp.fc2", v -> v * 1.01)
                .map("grad.final_layer.1.linear.weight", v -> -v)
                .put(HOSTILE, List.of(1L), 1)
                .write(folder.resolve("wrong.safetensors"));
    }

    @Test
    void namesOfStrangersAreText() {
        String page = CheckPage.html(judge(wrong(folder), 0));
        assertTrue(page.contains("act.&lt;/script&gt;&lt;script&gt;"), "the name is there");
        assertFalse(page.contains("<script>document"));
        assertFalse(page.contains("<img"));
        assertEquals(2, page.split("</script>", -1).length - 1, "the data and the script");
        assertFalse(page.contains("http://") && !page.contains("http://www.w3.org/2000/svg"));
        assertFalse(page.contains("https://"), "nothing is loaded");
    }

    @Test
    void theSameVerdictIsTheSamePage() {
        Path dump = wrong(folder);
        String page = CheckPage.html(judge(dump, 4));
        assertEquals(page, CheckPage.html(judge(dump, 4)));
        assertTrue(page.contains("INCONSISTENT") && page.contains("Error over budget"));
        assertTrue(page.contains("<b>MLP of a block</b>"), "the first wrong operation is explained");
        String threshold = CheckPage.html(judge(TestData.step("patch-four-one-sample-f32"), 0));
        assertTrue(threshold.contains("✓ consistent") && threshold.contains("Error over threshold"));
    }

    @Test
    void aDumpOfManyNamesMakesNoHugePage() {
        EditedDump dump = EditedDump.read(TestData.step("patch-four-one-sample-f32"));
        for (int i = 0; i < 2 * CheckPage.MOST_ROWS; i++) {
            dump.put("act.stranger." + i + "x".repeat(300), List.of(1L), 1);
        }
        dump.map("grad.final_layer.1.linear.weight", v -> -v);
        String page = CheckPage.html(judge(dump.write(folder.resolve("many.safetensors")), 0));
        assertTrue(page.length() < 4_000_000, () -> page.length() + " characters");
        assertTrue(page.contains(">grad.final_layer.1.linear.weight</a>"), "what is wrong is listed whatever else is");
        assertTrue(page.contains("more are not in this page"), "what is left out is said");
    }

    /// The table of operations against the annotations and the documentation it was written from.
    @Test
    void equationsAndFormulasAreThoseOfThePaper() throws IOException {
        String docs = Files.readString(Path.of("..", "docs", "equations.md"));
        int numbered = 0;
        for (Operation o : Operation.ALL) {
            Equation equation = o.where().getAnnotation(Equation.class);
            if (equation != null) {
                assertEquals(Arrays.stream(equation.value()).boxed().toList(), o.equations(), o.title());
                if (!o.equations().equals(List.of(4, 5))) {
                    assertTrue(docs.contains(o.formula().replace(",  λ = 1", "")), o.formula());
                }
                numbered += o.equations().isEmpty() ? 0 : 1;
            }
        }
        assertEquals(6, numbered);
        assertEquals(
                "Acceleration feature",
                Operation.of("df_blocks.0.acc_mlp.2").orElseThrow().title());
        assertEquals("Sum of a block", Operation.of("blocks.11").orElseThrow().title());
        assertEquals(
                "Cross-space attention", Operation.of("refined.0").orElseThrow().title());
    }
}

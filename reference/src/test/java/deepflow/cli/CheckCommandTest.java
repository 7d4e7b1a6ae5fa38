package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import deepflow.oracle.EditedDump;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `check`, `golden` and `diff` as a user types them.
class CheckCommandTest {
    private static final Path STEP = TestData.step("one-token-step-f64");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    private Path folder;

    private Path wrong(String name) {
        EditedDump dump = EditedDump.read(STEP);
        return dump.map(name, v -> v + 1).write(folder.resolve("wrong.safetensors"));
    }

    private static Set<String> keys(JsonNode object) {
        return object.properties().stream().map(e -> e.getKey()).collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"check", "golden", "diff"})
    void helpShowsAnExample(String command) {
        CommandRun help = CommandRun.of(command, "--help");
        assertEquals(0, help.code());
        assertEquals("", help.err());
        assertTrue(help.out().contains("Examples:"), help.out());
        assertTrue(help.out().contains("  deepflow " + command + " "), help.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"check", "golden", "diff"})
    void badUsageIsOneSentence(String command) {
        CommandRun.of(command).assertUnusable();
        CommandRun.of(command, "--nope").assertUnusable();
        CommandRun.of(command, "--threads", "0").assertUnusable();
        CommandRun.of(command, "--threads", "-1").assertUnusable();
        CommandRun.of(command, "--threads", "many").assertUnusable();
    }

    /// A dump may have cost a night: `--report` for a flag, or a slip, must not replace it.
    @Test
    void whatIsReadIsNeverReplaced() throws IOException {
        Path dump = wrong("loss.total");
        byte[] before = Files.readAllBytes(dump);
        CommandRun.of("check", "--runs", "0", "--report", dump.toString(), dump.toString())
                .assertUnusable();
        CommandRun.of("check", "--runs", "0", "--report", dump.toString(), STEP.toString())
                .assertUnusable();
        CommandRun.of("check", "--runs", "0", "--report", folder.toString(), STEP.toString())
                .assertUnusable();
        CommandRun.of("check", "--report", folder.resolve("no/page.html").toString(), STEP.toString())
                .assertUnusable();
        CommandRun.of("golden", "--config", dump.toString(), "--seed", "1", "--out", dump.toString())
                .assertUnusable();
        assertArrayEquals(before, Files.readAllBytes(dump));
        Path page = folder.resolve("page.html");
        for (int i = 0; i < 2; i++) { // a page may be replaced by a page
            String[] again = {"check", "--runs", "0", "--report", page.toString(), STEP.toString()};
            assertEquals(0, CommandRun.of(again).code());
            assertTrue(Files.readString(page).startsWith("<!DOCTYPE html"));
        }
    }

    @Test
    void otherBadUsageIsOneSentence() {
        Path out = folder.resolve("g");
        CommandRun.of("check", "--compute", "f16", STEP).assertUnusable();
        CommandRun.of("diff", STEP).assertUnusable();
        CommandRun.of("diff", STEP, STEP, STEP).assertUnusable();
        CommandRun.of("diff", STEP, folder.resolve("missing")).assertUnusable();
        CommandRun.of("golden", "--config", "nope", "--seed", 1, "--out", out).assertUnusable();
        CommandRun.of("golden", "--config", "x.json", "--seed", 1, "--out", out).assertUnusable();
        CommandRun.of("golden", "--config", "/dev/zero", "--seed", 1, "--out", out)
                .assertUnusable();
        CommandRun.of("golden", "--config", "tiny-2t", "--seed", "1.5", "--out", out)
                .assertUnusable();
        CommandRun.of("golden", "--config", "tiny-2t", "--seed", 1, "--batch", 0, "--out", out)
                .assertUnusable();
        CommandRun.of("golden", "--config", "tiny-2t", "--seed", 1, "--batch", 1 << 20, "--out", out)
                .assertUnusable();
        CommandRun.of("golden", "--config", "tiny-2t", "--seed", 1, "--out", folder)
                .assertUnusable();
        CommandRun.of("golden", "--config", "tiny-2t", "--seed", 1, "--out", folder.resolve("no/such/g"))
                .assertUnusable();
        CommandRun.of("golden", "--config", "tiny-2t", "--seed", 1, "--path", "vp", "--out", out)
                .assertUnusable();
        assertFalse(Files.exists(out));
    }

    @Test
    void aGoldenStepIsConsistentAndTheSameInAnyNumberOfThreads() throws IOException {
        Path one = folder.resolve("one.safetensors");
        Path two = folder.resolve("two.safetensors");
        assertEquals(
                0,
                CommandRun.of("golden", "--config", "tiny-3t", "--seed", 4, "--threads", 1, "--out", one)
                        .code());
        assertEquals(
                0,
                CommandRun.of("golden", "--config", "tiny-3t", "--seed", 4, "--threads", 3, "--out", two)
                        .code());
        assertEquals(-1, Files.mismatch(one, two));
        assertEquals(new CommandRun(0, "", ""), CommandRun.of("diff", one, two));
        CommandRun check = CommandRun.of("check", one);
        assertEquals(0, check.code(), check.out());
        assertTrue(
                check.lines().get(1).matches("  consistent: f64, [0-9]+ right, 0 wrong, worst error 0 .*"),
                check.out());
    }

    @Test
    void jsonHasTheDocumentedKeys() {
        CommandRun run = CommandRun.of("check", "--json", STEP);
        assertEquals(0, run.code());
        assertEquals("", run.err());
        JsonNode json = JSON.readTree(run.out());
        assertEquals(Set.of("dumps"), keys(json));
        JsonNode dump = json.get("dumps").get(0);
        assertEquals(
                Set.of(
                        "dump",
                        "verdict",
                        "first",
                        "precision",
                        "threshold",
                        "runs",
                        "emulated_passes",
                        "budgets_not_judged",
                        "not_judged",
                        "suspects",
                        "looks_like",
                        "wrong_gradients",
                        "tensors"),
                keys(dump));
        assertEquals("consistent", dump.get("verdict").stringValue());
        assertTrue(dump.get("first").isNull());
        assertEquals(16, dump.get("runs").intValue());
        assertEquals(32, dump.get("emulated_passes").intValue());
        assertTrue(dump.get("budgets_not_judged").isNull());
        assertEquals(437, dump.get("tensors").size());
        for (JsonNode tensor : dump.get("tensors")) {
            assertTrue(keys(tensor)
                    .containsAll(Set.of("name", "status", "relative_error", "max_error", "where", "counts")));
            assertTrue(keys(tensor)
                    .containsAll(Set.of(
                            "local_ratio", "global_ratio", "budget", "power", "condition", "undecided", "along_bug")));
            assertEquals("ok", tensor.get("status").stringValue());
        }
    }

    @Test
    void jsonNamesTheFirstWrongTensorAndHasNullForWhatIsNotFinite() {
        Path nan = EditedDump.read(STEP)
                .set("act.blocks.1", 0, Double.NaN)
                .map("grad.x_embedder.proj.bias", v -> v + 1)
                .write(folder.resolve("nan.safetensors"));
        CommandRun run = CommandRun.of("check", "--runs", 0, "--json", nan);
        assertEquals(1, run.code());
        JsonNode dump = JSON.readTree(run.out()).get("dumps").get(0);
        assertEquals("inconsistent", dump.get("verdict").stringValue());
        assertEquals("act.blocks.1", dump.get("first").stringValue());
        for (JsonNode tensor : dump.get("tensors")) {
            if (tensor.get("name").stringValue().equals("act.blocks.1")) {
                assertEquals("not finite", tensor.get("status").stringValue());
                assertTrue(tensor.get("relative_error").isNull());
                assertEquals("[0, 0, 0]", tensor.get("where").stringValue());
            }
        }
    }

    @Test
    void anUnusableDumpDoesNotHideTheOthers() {
        CommandRun json =
                CommandRun.of("check", "--runs", 0, "--json", STEP, folder.resolve("missing"), wrong("loss.total"));
        assertEquals(2, json.code());
        json.assertSentences(1);
        JsonNode dumps = JSON.readTree(json.out()).get("dumps");
        assertEquals(2, dumps.size());
        assertEquals("consistent", dumps.get(0).get("verdict").stringValue());
        assertEquals("inconsistent", dumps.get(1).get("verdict").stringValue());

        CommandRun text = CommandRun.of("check", "--runs=0", folder.resolve("missing"), STEP);
        assertEquals(2, text.code());
        text.assertSentences(1);
        assertTrue(text.out().contains("consistent"), text.out());
        assertEquals(
                1, CommandRun.of("check", "--runs=0", STEP, wrong("loss.total")).code());
    }

    @Test
    void textFitsIntoEightyColumns() {
        EditedDump dump = EditedDump.read(STEP);
        dump.names().stream()
                .filter(n -> n.matches("(act|gradact|grad|after)\\..*"))
                .forEach(n -> dump.map(n, v -> v + 1e3));
        dump.remove("grad.df_blocks.0.cross_attention.multihead_attn.in_proj_weight"::equals);
        dump.put("out.velocity.0", List.of(12L, 1L, 1L, 1L), new double[12])
                .put("act." + "long.".repeat(50), List.of(1L), 1)
                .put("grad.\u001b[31m\u202e\u009b" + "odd\n".repeat(9), List.of(1L), 1);
        Path file = dump.write(folder.resolve("w"));
        for (String more : List.of("--threads=1", "--all")) {
            CommandRun run = CommandRun.of("check", "--runs=4", more, file);
            assertEquals(1, run.code());
            run.lines().stream().skip(1).forEach(line -> {
                assertTrue(line.codePointCount(0, line.length()) <= 80, line);
                assertFalse(line.codePoints().anyMatch(c -> Character.isISOControl(c) || c == 0x202e), line);
            });
            assertTrue(run.out().contains("first wrong: "), run.out());
        }
        assertTrue(CommandRun.of("check", "--runs=0", file).lines().size() < 45, "without --all the list is short");
    }

    @Test
    void diffPrintsWhatDiffersAndNothingElse() {
        assertEquals(new CommandRun(0, "", ""), CommandRun.of("diff", STEP, STEP));
        Path other = EditedDump.read(STEP)
                .map("loss.total", v -> v * 2)
                .put("x\u001b[31m", List.of(1L), 1)
                .meta("producer", "me")
                .write(folder.resolve("other.safetensors"));
        CommandRun run = CommandRun.of("diff", STEP, other);
        assertEquals(1, run.code());
        assertEquals(3, run.lines().size(), run.out());
        assertEquals("metadata producer: differs", run.lines().getFirst());
        assertEquals("loss.total: relative 1.0e+00, largest", run.lines().get(1).substring(0, 37));
        assertFalse(run.out().contains("\u001b"));
        JsonNode json =
                JSON.readTree(CommandRun.of("diff", "--json", STEP, other).out());
        assertEquals(Set.of("equal", "compared", "metadata", "tensors"), keys(json));
        assertFalse(json.get("equal").booleanValue());
        assertEquals(
                Set.of("name", "difference", "relative_error", "max_error", "count"),
                keys(json.get("tensors").get(0)));
    }
}

package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import deepflow.TestData;
import deepflow.oracle.EditedDump;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `check` on files that cannot be used: exit code 2 and one sentence, whatever they hold.
class HostileDumpTest {
    @TempDir
    private Path folder;

    /// A small dump with an optimizer's state, no results but losses and outputs.
    private static EditedDump good() {
        return EditedDump.read(TestData.step("one-token-step-f64"))
                .remove(n -> !n.matches("(in|weight|loss|out|before)\\..*"));
    }

    static List<HostileCase> cases() {
        List<HostileCase> cases = HostileDumps.from(good());
        assertTrue(cases.size() > 400, "only " + cases.size());
        return cases;
    }

    private CommandRun check(byte[] file, Object... more) throws IOException {
        Path path = Files.write(folder.resolve("dump.safetensors"), file);
        Object[] arguments = new Object[more.length + 6];
        arguments[0] = "check";
        arguments[1] = path;
        arguments[2] = "--threads";
        arguments[3] = 1;
        arguments[4] = "--runs";
        arguments[5] = 0;
        System.arraycopy(more, 0, arguments, 6, more.length);
        return CommandRun.of(arguments);
    }

    @Test
    void whatTheCasesStartFromIsGood() throws IOException {
        CommandRun run = check(good().bytes());
        assertEquals(0, run.code(), run.out() + run.err());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isRefusedInOneSentence(HostileCase hostile) throws IOException {
        check(hostile.file()).assertUnusable();
    }

    @Test
    void jsonIsNotPrintedForASingleUnusableDump() throws IOException {
        check(good().remove("in.x0"::equals).bytes(), "--json").assertUnusable();
    }

    @ParameterizedTest
    @ValueSource(strings = {"weight.x_embedder.proj.weight", "in.x0", "before.m.t_embedder.mlp.2.bias"})
    void numbersBeyondFloat32AreRefusedThere(String name) throws IOException {
        byte[] file = good().set(name, 0, 1e300).bytes();
        check(file, "--compute", "f32").assertUnusable();
        assertTrue(check(file).code() != 2, "float64 can hold it");
    }

    @Test
    void aStepThatCannotFitIsRefusedBeforeItStarts() throws IOException {
        String config = "{\"size\": 1024, \"patch\": 1, \"channels\": 1, \"classes\": 0, \"width\": 4, \"depth\": 1,"
                + " \"heads\": 1, \"k\": 1, \"acc\": 1}";
        long tokens = 1 << 20;
        EditedDump big = new EditedDump()
                .meta("config", config)
                .meta("betas", "[1]")
                .meta("lambda", "1")
                .meta("precision", "f64");
        List.of(
                        "x_embedder.proj.weight:4,1,1,1",
                        "x_embedder.proj.bias:4",
                        "t_embedder.mlp.0.weight:4,256",
                        "t_embedder.mlp.0.bias:4",
                        "t_embedder.mlp.2.weight:4,4",
                        "t_embedder.mlp.2.bias:4",
                        "y_embedder.embedding_table.weight:1,4",
                        "pos_embed:1," + tokens + ",4")
                .forEach(w -> zeros(big, "weight." + w));
        EditedDump complete = withEverythingElse(big);
        CommandRun run = check(complete.bytes());
        run.assertUnusable();
        assertTrue(run.err().contains("memory"), run.err());
    }

    private static void zeros(EditedDump dump, String nameAndShape) {
        String[] parts = nameAndShape.split(":");
        List<Long> shape = parts.length == 1 || parts[1].isEmpty()
                ? List.of()
                : List.of(parts[1].split(",")).stream().map(Long::valueOf).toList();
        long count = shape.stream().reduce(1L, Math::multiplyExact);
        dump.put(parts[0], "F16", shape, new byte[(int) (2 * count)]);
    }

    /// The rest of the weights and inputs of the model above, as the refusals name them.
    private static EditedDump withEverythingElse(EditedDump dump) {
        List.of("in.x0:1,1,1024,1024", "in.x1:1,1,1024,1024", "in.t.0:1").forEach(i -> zeros(dump, i));
        dump.put("in.y", "I64", List.of(1L), new byte[8]);
        String block = "weight.blocks.0.";
        List.of(
                        "attn.qkv.weight:12,4",
                        "attn.qkv.bias:12",
                        "attn.proj.weight:4,4",
                        "attn.proj.bias:4",
                        "mlp.fc1.weight:16,4",
                        "mlp.fc1.bias:16",
                        "mlp.fc2.weight:4,16",
                        "mlp.fc2.bias:4",
                        "adaLN_modulation.1.weight:24,4",
                        "adaLN_modulation.1.bias:24")
                .forEach(w -> zeros(dump, block + w));
        List.of(
                        "dt_embedder.mlp.0.weight:8,256",
                        "dt_embedder.mlp.0.bias:8",
                        "dt_embedder.mlp.2.weight:8,8",
                        "dt_embedder.mlp.2.bias:8")
                .forEach(w -> zeros(dump, "weight." + w));
        for (String layer : List.of("final_layer.0", "final_layer.1", "final_acc_layer")) {
            List.of("linear.weight:1,4", "linear.bias:1", "adaLN_modulation.1.weight:8,4", "adaLN_modulation.1.bias:8")
                    .forEach(w -> zeros(dump, "weight." + layer + "." + w));
        }
        return dump;
    }

    @Test
    void whatIsNoRegularFileIsRefused() {
        CommandRun.of("check", folder).assertUnusable();
        CommandRun.of("check", folder.resolve("missing")).assertUnusable();
        CommandRun.of("check", folder.resolve("line\nbreak\u001b[31m")).assertUnusable();
        CommandRun.of("check", "").assertUnusable();
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void devicesAndPipesAreRefused() throws IOException, InterruptedException {
        for (String device : List.of("/dev/null", "/dev/zero", "/dev/urandom")) {
            CommandRun.of("check", device).assertUnusable();
        }
        Path fifo = folder.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        CommandRun.of("check", fifo).assertUnusable();
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aFileWithoutPermissionIsRefused() throws IOException {
        Path file = good().write(folder.resolve("closed"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(file), "this user may read everything");
        CommandRun.of("check", file).assertUnusable();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../../etc/passwd",
                "/etc/passwd",
                "a/../../b.safetensors",
                "",
                ".",
                "..",
                "\u0000",
                "missing.safetensors"
            })
    void shardsCannotLeadElsewhere(String shard) throws IOException {
        String name = shard.replace("\u0000", "\\u0000");
        Path index = Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"in.x0\": \"" + name + "\"}}");
        CommandRun.of("check", index).assertUnusable();
    }

    @Test
    void manyOddDumpsAtOnceGetASentenceEach() throws IOException {
        Path one = Files.writeString(folder.resolve("one"), "not a dump");
        Path two = Files.writeString(folder.resolve("two"), "");
        CommandRun run = CommandRun.of("check", one, two);
        assertEquals(2, run.code());
        assertEquals("", run.out());
        run.assertSentences(2);
    }
}

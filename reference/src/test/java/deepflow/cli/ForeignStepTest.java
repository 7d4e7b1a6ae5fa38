package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import deepflow.io.ElementType;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.io.Npz;
import deepflow.io.TensorSource;
import deepflow.oracle.EditedDump;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Steps of other programs: Flax's names and layouts through the documented map, folders of `.npy` files, wrapped
/// modules.
class ForeignStepTest {
    private static final Path FOREIGN = Path.of("..", "testdata", "foreign");
    private static final Path MAP = Path.of("..", "docs", "recipes", "flax.json");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"flax-deepflow-f32.npz", "flax-sit-f32.npz"})
    void aFlaxStepIsConsistentByItsMap(String file) {
        CommandRun run = CommandRun.of("check", "--runs", 0, "--map", MAP, FOREIGN.resolve(file));
        assertEquals(0, run.code(), run.out() + run.err());
        CommandRun.of("check", "--runs", 0, FOREIGN.resolve(file)).assertUnusable();
    }

    @ParameterizedTest
    @CsvSource({
        "intermediates/blocks_1/mlp/Dense_1/__call__/0, act.blocks.0.mlp.fc2",
        "intermediates/blocks_2/attn/key/__call__/0, act.blocks.1.attn.qkv",
        "grads/velocity_layer_2/linear/kernel, grad.final_layer.1.linear.weight"
    })
    void anErrorIsFoundWhereItIsInBothVocabularies(String foreign, String ours) {
        Map<String, NpyArray> step = new LinkedHashMap<>(Npz.read(FOREIGN.resolve("flax-deepflow-f32.npz")));
        NpyArray right = step.get(foreign);
        double[] values = Arrays.stream(right.toDoubles()).map(v -> v * 1.01).toArray();
        step.put(foreign, NpyArray.of(right.type(), right.shape(), values));
        Path wrong = folder.resolve("wrong.npz");
        Npz.write(wrong, step);
        CommandRun run = CommandRun.of("check", "--runs", 0, "--map", MAP, wrong);
        assertEquals(1, run.code(), run.out() + run.err());
        assertTrue(run.out().contains("  first wrong: " + ours + "\n"), run.out());
        assertTrue(run.out().contains("    in the file: " + foreign + "\n"), run.out());
        String json = CommandRun.of("check", "--runs", 0, "--json", "--map", MAP, wrong)
                .out();
        assertTrue(json.contains("\"name\":\"" + ours + "\",\"in_file\":["), json.substring(0, 200));
    }

    @Test
    void aMissingPartOfAJoinIsBadInput() {
        Map<String, NpyArray> step = new LinkedHashMap<>(Npz.read(FOREIGN.resolve("flax-sit-f32.npz")));
        step.remove("params/blocks_1/attn/value/bias");
        Path less = folder.resolve("less.npz");
        Npz.write(less, step);
        CommandRun run = CommandRun.of("check", "--map", MAP, less).assertUnusable();
        assertTrue(run.err().contains("weight.blocks.0.attn.value.bias"), run.err());
        CommandRun.of("check", "--map", folder.resolve("no.json"), less).assertUnusable();
        CommandRun.of("check", "--map", less, less).assertUnusable();
    }

    /// What a CUDA program writes: one file for each tensor, bfloat16 as uint16.
    @ParameterizedTest
    @ValueSource(strings = {"patch-four-one-sample-f32", "one-token-step-bf16"})
    void aFolderOfNpyFilesIsJudgedAsItsSafetensorsFile(String step) throws IOException {
        StringBuilder types = new StringBuilder();
        try (TensorSource tensors = TensorSource.open(TestData.step(step))) {
            for (String name : tensors.names()) {
                ElementType type = tensors.info(name).type();
                boolean bfloat = type == ElementType.BF16;
                long[] shape = tensors.info(name).shape();
                NpyArray array;
                if (type.isFloating() && !bfloat) {
                    array = NpyArray.of(type, shape, tensors.readDoubles(name));
                } else if (bfloat) {
                    float[] values = tensors.readFloats(name);
                    long[] bits = new long[values.length];
                    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]) >>> 16);
                    array = NpyArray.of(ElementType.U16, shape, bits);
                    types.append(types.isEmpty() ? "" : ", ")
                            .append('"')
                            .append(name)
                            .append("\": \"BF16\"");
                } else {
                    array = NpyArray.of(type, shape, tensors.readLongs(name));
                }
                Npy.write(folder.resolve(name + ".npy"), array);
            }
            StringBuilder json = new StringBuilder("{\"types\": {" + types + "}");
            tensors.metadata().forEach((key, value) -> {
                boolean plain = value.startsWith("{") || value.startsWith("[");
                json.append(", \"").append(key).append("\": ").append(plain ? value : "\"" + value + "\"");
            });
            Files.writeString(folder.resolve("metadata.json"), json + "}", StandardCharsets.UTF_8);
        }
        CommandRun files = CommandRun.of("check", "--runs", 0, "--all", folder);
        CommandRun one = CommandRun.of("check", "--runs", 0, "--all", TestData.step(step));
        assertEquals(0, files.code(), files.out() + files.err());
        assertEquals(
                one.lines().subList(1, one.lines().size()),
                files.lines().subList(1, files.lines().size()));
        Files.delete(folder.resolve("metadata.json"));
        CommandRun.of("check", folder).assertUnusable();
    }

    @Test
    void theRecipesStepIsConsistent() {
        CommandRun run = CommandRun.of("check", "--runs", 0, FOREIGN.resolve("compiled-blocks-f32.safetensors"));
        assertEquals(0, run.code(), run.out() + run.err());
    }

    @Test
    void compiledBlocksAreFoundUnderTheirOwnNames() {
        EditedDump dump = EditedDump.read(TestData.step("patch-four-one-sample-f32"));
        for (String name : dump.names()) {
            if (name.matches("(weight|grad|act|gradact)\\.blocks\\.0\\..*")) {
                dump.rename(name, name.replace("blocks.0.", "module.blocks.0._orig_mod."));
            }
        }
        CommandRun run = CommandRun.of("check", "--runs", 0, dump.write(folder.resolve("compiled.safetensors")));
        assertEquals(0, run.code(), run.out() + run.err());
        assertTrue(!run.out().contains("unexpected") && !run.out().contains("missing"), run.out());
    }
}

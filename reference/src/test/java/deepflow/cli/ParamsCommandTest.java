package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ParamsCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    }

    @Test
    void theTableHasTwentyRowsOfEightyColumns() {
        assertEquals(ExitCode.FINE, run("params"));
        List<String> lines = out.toString().lines().toList();
        assertEquals(21, lines.size());
        assertTrue(lines.stream().allMatch(l -> l.length() <= 80), out.toString());
        assertTrue(lines.get(2).matches("B/2-2T +12 +166,\\d{3},\\d{3} +166\\.20 +166 +27\\.82"), lines.get(2));
        assertTrue(lines.getLast().matches("SiT-XL/2 +28 .* 675\\.13 +675 .*"), lines.getLast());
        assertEquals("", err.toString());
    }

    @Test
    void jsonHasTheSameTwentyRows() {
        assertEquals(ExitCode.FINE, run("params", "--json"));
        JsonNode rows = new JsonMapper().readTree(out.toString());
        assertEquals(20, rows.size());
        JsonNode row = rows.get(16);
        assertEquals(
                List.of("model", "depth", "parameters", "paper", "gflops"),
                row.propertyNames().stream().toList());
        assertEquals("XL/2-4T", row.get("model").asString());
        assertEquals(28, row.get("depth").asInt());
        assertEquals(822, row.get("paper").asInt());
        assertEquals(822.59, row.get("parameters").asLong() / 1e6, 0.005);
        assertEquals(137.11, row.get("gflops").asDouble());
    }

    @Test
    void oneConfigurationIsTakenApart(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("mine.json"), """
                {"size":8,"patch":2,"channels":4,"classes":10,"width":32,"depth":4,"heads":2,"k":2,"acc":48}""");
        assertEquals(ExitCode.FINE, run("params", "--config", file.toString()));
        assertTrue(out.toString().contains("mine.json "));
        assertTrue(out.toString().contains("blocks.*.attn"));
        assertTrue(out.toString().lines().allMatch(l -> l.length() <= 80), out.toString());

        out.getBuffer().setLength(0);
        assertEquals(ExitCode.FINE, run("params", "--json", "--config", "tiny-2t"));
        JsonNode rows = new JsonMapper().readTree(out.toString());
        assertEquals(1, rows.size());
        assertTrue(rows.get(0).get("paper").isNull());

        out.getBuffer().setLength(0);
        assertEquals(ExitCode.FINE, run("params", "--json", "--config", "sit-b"));
        assertEquals(
                130,
                new JsonMapper().readTree(out.toString()).get(0).get("paper").asInt());
    }

    @ParameterizedTest
    @ValueSource(strings = {"params --config tiny-9", "golden --config tiny-9 --seed 1 --out never-written"})
    void aBadConfigurationIsOneSentence(String line) {
        assertEquals(ExitCode.UNUSABLE, run(line.split(" ")));
        assertEquals(1, err.toString().lines().count());
        assertTrue(err.toString().contains("there is no configuration 'tiny-9'; close names: tiny-"), err.toString());
        assertFalse(err.toString().contains("Exception"));
        assertEquals("", out.toString());
    }

    @Test
    void aBadFileIsOneSentence(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("x.safetensors"), "short");
        assertEquals(ExitCode.UNUSABLE, run("check", file.toString()));
        assertTrue(err.toString().contains("too few for a safetensors file"), err.toString());
        assertFalse(err.toString().contains("Exception"), err.toString());
    }

    @Test
    void memoryIsTakenApart() {
        assertEquals(ExitCode.FINE, run("params", "--memory", "--config", "digits", "--batch", "64", "--json"));
        JsonNode row = new JsonMapper().readTree(out.toString()).get(0);
        assertEquals(64, row.get("batch").asInt());
        assertEquals("f64", row.get("compute").asString());
        JsonNode train = row.get("memory").get("train");
        long weights = row.get("parameters").asLong() * 8;
        assertEquals(weights, train.get("weights").asLong());
        // two moments and an average of all but the table of positions
        assertEquals(3 * (weights - 8 * 16 * 128), train.get("optimizer").asLong());
        long together = 0;
        for (String purpose : train.propertyNames()) {
            together += purpose.equals("peak") || purpose.equals("flops")
                    ? 0
                    : train.get(purpose).asLong();
        }
        assertEquals(train.get("peak").asLong(), together);

        out.getBuffer().setLength(0);
        assertEquals(ExitCode.FINE, run("params", "--memory", "--compute", "f32"));
        assertEquals(21, out.toString().lines().count());
        assertTrue(out.toString().lines().allMatch(l -> l.length() <= 86), out.toString());
        out.getBuffer().setLength(0);
        assertEquals(ExitCode.FINE, run("params", "--memory", "--config", "xl-4t", "--compute", "f32"));
        assertTrue(out.toString().contains("optimizer"), out.toString());
        assertEquals("", err.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--batch 0", "--batch 1048577", "--batch x", "--compute f16"})
    void badMemoryOptionsAreOneSentence(String options) {
        assertEquals(ExitCode.UNUSABLE, run(("params --memory --config digits " + options).split(" ")));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertFalse(err.toString().contains("Exception"), err.toString());
    }

    @Test
    void aBatchWithoutMemoryIsRefused() {
        assertEquals(ExitCode.UNUSABLE, run("params", "--config", "digits", "--batch", "4"));
        assertTrue(err.toString().contains("--memory"), err.toString());
    }
}

package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What `bench` says, not how fast anything is.
class BenchCommandTest {
    private static List<JsonNode> measured(String options) {
        CommandRun run = CommandRun.of((Object[]) ("bench --json --steps 1 --threads 1 " + options).split(" "));
        assertEquals(0, run.code(), run.err());
        List<JsonNode> lines = new ArrayList<>();
        run.lines().forEach(line -> lines.add(new JsonMapper().readTree(line)));
        return lines;
    }

    @Test
    void aStepHasThePeersKeysFirst() {
        List<JsonNode> steps = measured("--config tiny-sit --batch 1");
        assertEquals(
                List.of("train_step", "forward"),
                steps.stream().map(s -> s.get("what").asString()).toList());
        JsonNode step = steps.getFirst();
        List<String> keys = step.propertyNames().stream().toList();
        assertEquals(
                List.of("what", "config", "batch", "threads", "compiled", "median_ms", "min_ms"), keys.subList(0, 7));
        assertEquals("tiny-sit", step.get("config").asString());
        assertEquals(1, step.get("batch").asInt());
        assertEquals(1, step.get("threads").asInt());
        assertEquals("f32", step.get("compute").asString());
        assertTrue(step.get("warmup").asInt() >= 5, step.toString());
        assertTrue(step.get("median_ms").asDouble() >= step.get("min_ms").asDouble(), step.toString());
        assertTrue(step.get("gflops").asDouble() > 0, step.toString());
        assertTrue(step.get("share_of_peak").asDouble() > 0, step.toString());
        assertTrue(step.get("allocated_mb").asDouble() > 0, step.toString());
    }

    /// A copy of 64 MiB goes into an array that a copy before has given up.
    @Test
    void whatStepsNeedAgainIsNotAllocatedAgain() {
        JsonNode copy = measured("--config tiny-2t --what copy").getFirst();
        assertTrue(copy.get("allocated_mb").asDouble() < 1, copy.toString());
    }

    @Test
    void operationsHaveTheExtentsOfTheModel() {
        List<JsonNode> all = measured("--config tiny-2t --batch 2 --compute f64 --what layer_norm,attention,permute");
        assertEquals(3, all.size());
        JsonNode attention = all.getFirst();
        assertEquals("attention", attention.get("what").asString());
        assertEquals(4, attention.get("batches").asInt()); // two samples, two heads
        assertEquals(16, attention.get("tokens").asInt());
        assertEquals(16, attention.get("head").asInt());
        JsonNode rows = all.get(1);
        assertEquals(32, rows.get("rows").asInt());
        assertEquals(32, rows.get("columns").asInt());
        assertEquals(0, rows.get("gflops").asDouble());
        assertTrue(rows.get("gb_per_s").asDouble() > 0, rows.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--what nonsense",
                "--what ,",
                "--config none-such",
                "--batch 0",
                "--batch 99999999999",
                "--config latent-s --batch 1048576",
                "--config xl-4t --batch 4096",
                "--steps 0",
                "--steps -3",
                "--threads 0",
                "--compute f16"
            })
    void hostileOptionsAreOneSentence(String options) {
        CommandRun.of((Object[]) ("bench " + options).split(" ")).assertUnusable();
    }
}

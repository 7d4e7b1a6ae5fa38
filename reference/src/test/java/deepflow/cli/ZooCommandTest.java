package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.ConfigJson;
import deepflow.model.ModelConfig;
import deepflow.oracle.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `deepflow zoo` as a user sees it.
class ZooCommandTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    private Path folder;

    @Test
    void theListHasEveryBug() {
        CommandRun run = CommandRun.of("zoo", "--list");
        assertEquals(0, run.code());
        assertTrue(run.lines()
                .containsAll(Zoo.names().stream()
                        .filter(n -> Zoo.of(n).orElseThrow().equations().isEmpty())
                        .toList()));
        assertEquals(Zoo.all().size() + " bugs", run.lines().getLast());
        assertTrue(run.lines().stream().allMatch(line -> line.length() <= 80));
        JsonNode json = JSON.readTree(CommandRun.of("zoo", "--list", "--json").out());
        assertEquals(Zoo.all().size(), json.get("bugs").size());
    }

    @ParameterizedTest
    @CsvSource({
        "--bugs, no-such-bug",
        "--precision, f17",
        "--runs, 2",
        "--runs, 0",
        "--risk, 2",
        "--right, -1",
        "--config, no-such-config"
    })
    void unusableOptionsAreSaid(String option, String value) {
        CommandRun.of("zoo", option, value).assertUnusable();
    }

    @Test
    void bugsBecomeRowsAndAPage() throws IOException {
        Path config = folder.resolve("small.json");
        Files.writeString(config, ConfigJson.write(ModelConfig.deepflow(4, 2, 3, 4, 16, 2, 2, 2, 12)));
        Path page = folder.resolve("zoo.md");
        CommandRun run = CommandRun.of(
                "zoo",
                "--config",
                config,
                "--bugs",
                "half-missing,products-in-bf16",
                "--precision",
                "f32,bf16",
                "--runs",
                4,
                "--right",
                1,
                "--markdown",
                page);
        assertEquals(0, run.code(), run.out());
        assertTrue(run.out().contains("f32: 2 of 2 caught"), run.out());
        assertTrue(run.out().contains("false alarms 0 of 1"), run.out());
        String[] rows = run.out()
                .lines()
                .filter(l -> l.startsWith("half-missing") || l.startsWith("products-in-bf16"))
                .toArray(String[]::new);
        assertEquals(2, rows.length);
        assertTrue(rows[0].matches("half-missing +named +named"), rows[0]);
        assertTrue(rows[1].matches("products-in-bf16 +named +-"), "bfloat16 products are right in bf16: " + rows[1]);
        String text = Files.readString(page);
        assertTrue(text.contains("| half-missing | named ("), text);
        assertTrue(text.contains("| products-in-bf16 | named ("), text);
        assertTrue(text.contains("--seed 1 --right 1 --runs 4"), text);
    }
}

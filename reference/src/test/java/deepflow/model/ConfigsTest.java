package deepflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigsTest {
    private static String refusal(String name) {
        String message = assertThrows(IllegalArgumentException.class, () -> Configs.resolve(name))
                .getMessage();
        assertFalse(message.contains("\n") || message.endsWith("."), message);
        return message;
    }

    /// The peer's CONFIGS, as its `json.dumps` writes them.
    @ParameterizedTest
    @CsvSource({
        "tiny-2t, 8, 2, 4, 10, 32, 4, 2, 2, 48",
        "tiny-3t, 12, 3, 3, 7, 40, 6, 5, 3, 56",
        "tiny-sit, 8, 2, 4, 10, 32, 4, 2, 1, 48",
        "digits, 8, 2, 1, 10, 128, 6, 4, 2, 256",
        "latent-s, 32, 2, 4, 1000, 384, 12, 6, 2, 2048",
        "s-2t, 32, 2, 4, 1000, 384, 12, 6, 2, 2048",
        "b-2t@10, 32, 2, 4, 1000, 768, 10, 12, 2, 2048",
        "B-2T, 32, 2, 4, 1000, 768, 12, 12, 2, 2048",
        "l-3t, 32, 2, 4, 1000, 1024, 24, 16, 3, 2048",
        "xl-3t@27, 32, 2, 4, 1000, 1152, 27, 16, 3, 2048",
        "XL/2-4T, 32, 2, 4, 1000, 1152, 28, 16, 4, 2048",
        "xl/4-7t, 32, 4, 4, 1000, 1152, 28, 16, 7, 2048",
        "b-1t, 32, 2, 4, 1000, 768, 12, 12, 1, 2048",
    })
    void namesStandForTheseNumbers(
            String name,
            int size,
            int patch,
            int channels,
            int classes,
            int width,
            int depth,
            int heads,
            int k,
            int acc) {
        assertEquals(
                ModelConfig.deepflow(size, patch, channels, classes, width, depth, heads, k, acc), Configs.named(name));
    }

    @ParameterizedTest
    @CsvSource({"sit-s, 384, 12, 6", "SiT-B/2, 768, 12, 12", "sit-l, 1024, 24, 16", "sit-xl@7, 1152, 7, 16"})
    void sitIsAsPublished(String name, int width, int depth, int heads) {
        ModelConfig c = Configs.named(name);
        assertEquals(ModelConfig.Kind.SIT, c.kind());
        assertTrue(c.learnSigma());
        assertEquals(
                List.of(32, 2, 4, 1000, width, depth, heads, 1),
                List.of(c.size(), c.patch(), c.channels(), c.classes(), c.width(), c.depth(), c.heads(), c.k()));
    }

    @Test
    void everyListedNameIsKnown() {
        assertEquals(7 + 4 * 4, Configs.names().size());
        Configs.names().forEach(Configs::named);
        assertTrue(Configs.names().contains("xl-3t@27"), Configs.names().toString());
    }

    @Test
    void anUnknownNameGetsCloseOnes() {
        assertTrue(refusal("tiny2t").contains("close names: tiny-2t"), refusal("tiny2t"));
        assertTrue(refusal("sit-bb").contains("sit-b,"), refusal("sit-bb"));
        assertTrue(refusal("sit-b-2t").contains("there is no configuration 'sit-b-2t'"));
        assertTrue(refusal("b").contains("there is no configuration"));
        refusal("");
        refusal("x".repeat(100_000));
        refusal("b-99999999999t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"xl-3t", "b-2t@0", "b-0t", "b-2t@9999", "b/0-2t", "b/3-2t", "b-5t@4"})
    void aNameOfSomethingImpossibleSaysWhy(String name) {
        assertFalse(refusal(name).contains("there is no configuration"), refusal(name));
    }

    @Test
    void aFileHoldsAConfiguration(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("mine.JSON");
        Files.writeString(file, ConfigJson.write(Configs.named("tiny-3t")));
        assertEquals(Configs.named("tiny-3t"), Configs.resolve(file.toString()));

        Files.writeString(file, "{}");
        assertTrue(refusal(file.toString()).contains("mine.JSON' is wrong: the configuration lacks 'size'"));
        Files.write(file, "{\"é\": 1}".getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(refusal(file.toString()).contains("not UTF-8"));
        Files.write(file, new byte[100_000]);
        assertTrue(refusal(file.toString()).contains("more than the 65536 bytes"));
        assertTrue(refusal(folder.resolve("none.json").toString()).contains("there is no configuration file"));
        Files.createDirectory(folder.resolve("dir.json"));
        refusal(folder.resolve("dir.json").toString());
        refusal("\0.json");
    }
}

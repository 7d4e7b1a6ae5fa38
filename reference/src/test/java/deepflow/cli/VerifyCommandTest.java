package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `deepflow verify` on the vectors as they are, corrupted, and missing.
class VerifyCommandTest {
    @TempDir
    private Path vectors;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void copyVectors() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("../testdata/equations"))) {
            for (Path file : files.toList()) {
                Files.copy(file, vectors.resolve(file.getFileName()));
            }
        }
    }

    private int verify(String... more) {
        return Main.run(
                new PrintWriter(out),
                new PrintWriter(err),
                Stream.concat(Stream.of("verify", "--threads=1", "--vectors=" + vectors), Stream.of(more))
                        .toArray(String[]::new));
    }

    /// Flips bits of the last byte, which is the top of a number of the last tensor.
    private void corrupt(String file) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(vectors.resolve(file).toFile(), "rw")) {
            bytes.seek(bytes.length() - 1);
            int last = bytes.read();
            bytes.seek(bytes.length() - 1);
            bytes.write(last ^ 0x80);
        }
    }

    @Test
    void aTableThatFitsAnyTerminal() {
        assertEquals(0, verify());
        assertEquals("", err.toString());
        out.toString().lines().forEach(line -> assertTrue(line.matches("\\p{ASCII}{0,80}"), line));
        String last = out.toString().lines().reduce("", (_, line) -> line);
        assertTrue(last.matches("All [0-9]+ checks passed on cpu-f64\\."), last);
    }

    @Test
    void jsonHasEveryNumberAndEveryKind() {
        assertEquals(0, verify("--json", "--compute=f32"));
        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertEquals("ok", json.get("verdict").asString());
        Set<String> seen = new TreeSet<>();
        for (JsonNode check : json.get("checks")) {
            assertTrue(check.get("ok").asBoolean());
            assertTrue(check.get("error").asDouble() <= check.get("bound").asDouble());
            seen.add(check.get("equation") + " " + check.get("kind").asString());
        }
        Set<String> expected = new TreeSet<>();
        for (String kind : Set.of("vectors", "gradient", "law")) {
            IntStream.rangeClosed(1, 10).forEach(n -> expected.add(n + " " + kind));
            expected.add("null " + kind);
        }
        assertEquals(expected, seen);
    }

    @Test
    void aCorruptedVectorIsADisagreement() throws IOException {
        corrupt("eq09-cross-space-attention.safetensors");
        assertEquals(1, verify());
        assertEquals(1, out.toString().lines().filter(l -> l.endsWith(" NO")).count(), out.toString());
        assertTrue(out.toString().lines().anyMatch(l -> l.matches("9 +vectors .* NO")), out.toString());
        assertTrue(out.toString().lines().anyMatch(l -> l.matches("1 of [0-9]+ checks failed on cpu-f64\\.")));
        assertEquals("", err.toString());
    }

    @Test
    void aDisagreementShowsInJson() throws IOException {
        corrupt("eq02-03-velocity-loss.safetensors");
        assertEquals(1, verify("--json"));
        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertEquals("failed", json.get("verdict").asString());
        int failed = 0;
        for (JsonNode check : json.get("checks")) {
            failed += check.get("ok").asBoolean() ? 0 : 1;
        }
        assertEquals(2, failed, "once for Eq. 2, once for Eq. 3");
    }

    private void assertUnusable(String sentence) {
        assertEquals(2, verify());
        assertEquals("", out.toString());
        assertTrue(err.toString().matches("deepflow: " + sentence + "\\R"), err.toString());
    }

    @Test
    void aMissingFileIsNamed() throws IOException {
        Files.delete(vectors.resolve("eq07-second-order-loss.safetensors"));
        assertUnusable(".*eq07-second-order-loss\\.safetensors.*\\.");
    }

    @Test
    void aCutFileIsNamed() throws IOException {
        Path file = vectors.resolve("eq07-second-order-loss.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        assertUnusable(".*eq07-second-order-loss\\.safetensors.*\\.");
    }

    @Test
    void vectorsOfAnotherEquationAreUnusable() throws IOException {
        Files.delete(vectors.resolve("eq06-acceleration-mlp.safetensors"));
        Files.copy(
                vectors.resolve("eq09-cross-space-attention.safetensors"),
                vectors.resolve("eq06-acceleration-mlp.safetensors"));
        assertUnusable(".*eq06-acceleration-mlp\\.safetensors: the case [a-z-]+ cannot be evaluated: .*\\.");
    }

    @Test
    void aMissingFolderIsNamed() {
        vectors = vectors.resolve("gone");
        assertUnusable("There is no folder .*gone with the equations' vectors: .*\\.");
    }

    @Test
    void withoutTheLauncherItAsksWhereTheVectorsAre() {
        String home = System.clearProperty("deepflow.home");
        try {
            assertEquals(2, Main.run(new PrintWriter(out), new PrintWriter(err), "verify"));
            assertTrue(err.toString().contains("--vectors DIR"), err.toString());
            assertFalse(err.toString().contains("Exception"), err.toString());
        } finally {
            if (home != null) {
                System.setProperty("deepflow.home", home);
            }
        }
    }
}

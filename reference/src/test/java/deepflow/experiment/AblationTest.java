package deepflow.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.io.FormatException;
import deepflow.tensor.DeviceId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AblationTest {
    private static final String STUDY = """
            {"title": "α on digits", "steps": 4, "seeds": [1, 2], "checkpoint_every": 2,
             "base": %s,
             "axes": [{"none": {"alpha": 0}, "some": {"alpha": 0.5, "steps": 5}}],
             "evaluate": {"samples": 100, "sde_steps": [2], "guidance": [1, 2]}}
            """.formatted(TrainingRunTest.TINY.formatted(""));
    private static final DataSet DIGITS = new DataSets(Path.of("..", "testdata")).open("digits", 10, null);

    @TempDir
    Path folder;

    /// Which runs were taken; stops with an exception before a given one.
    private static final class Taken implements Ablation.Listener {
        private final List<String> runs = new ArrayList<>();
        private final int stopAt;

        Taken(int stopAt) {
            this.stopAt = stopAt;
        }

        @Override
        public RunListener begins(int number, int of, String variant, long seed) {
            if (number == stopAt) {
                throw new IllegalStateException("stopped");
            }
            assertEquals(4, of);
            runs.add(variant + " " + seed);
            return RunListener.SILENT;
        }

        @Override
        public void ends(String variant, long seed, Map<String, Double> distances) {
            assertEquals(List.of("sde 2, g 1.0", "sde 2, g 2.0"), List.copyOf(distances.keySet()));
        }
    }

    private Ablation ablation(Path out) throws IOException {
        Path file = Files.writeString(folder.resolve("study.json"), STUDY);
        return new Ablation(StudyJson.read(file), out, c -> DIGITS, DeviceId.CPU, 1, "test");
    }

    @Test
    void aStudyThatWasStoppedGoesOnAndRepeatsNothing() throws IOException {
        Taken all = new Taken(0);
        List<Path> files = ablation(folder.resolve("whole")).run(all);
        assertEquals(List.of("none 1", "none 2", "some 1", "some 2"), all.runs);

        Path cut = folder.resolve("cut");
        assertThrows(IllegalStateException.class, () -> ablation(cut).run(new Taken(3)));
        Taken rest = new Taken(0);
        List<Path> again = ablation(cut).run(rest);
        assertEquals(List.of("some 1", "some 2"), rest.runs);
        for (int i = 0; i < files.size(); i++) {
            assertArrayEquals(
                    withoutTimes(files.get(i)),
                    withoutTimes(again.get(i)),
                    files.get(i).toString());
        }
        Taken none = new Taken(0);
        ablation(cut).run(none);
        assertEquals(List.of(), none.runs);

        String table = Files.readString(cut.resolve("table.md"));
        assertTrue(table.startsWith("# α on digits\n"), table);
        assertTrue(table.contains("| some |"), table);
        assertTrue(table.contains(" ± "), table);
        assertEquals(5, Files.readAllLines(cut.resolve("table.csv")).size());
    }

    /// Seconds per step differ from run to run.
    private static byte[] withoutTimes(Path file) throws IOException {
        if (file.toString().endsWith(".png")) {
            return Files.readAllBytes(file);
        }
        return Files.readString(file)
                .replaceAll("\\| \\d+\\.\\d{3} \\|", "| |")
                .replaceAll("(?m)^(\"[a-z]*\",\\d+,\\d+,\\d+),[^,]*", "$1")
                .getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aChangedStudyIsRefused() throws IOException {
        Path out = folder.resolve("out");
        ablation(out).run(new Taken(0));
        Path other = Files.writeString(folder.resolve("other.json"), STUDY.replace("\"alpha\": 0}", "\"alpha\": 0.1}"));
        Ablation changed = new Ablation(StudyJson.read(other), out, c -> DIGITS, DeviceId.CPU, 1, "test");
        RunRefused e = assertThrows(RunRefused.class, () -> changed.run(new Taken(0)));
        assertTrue(e.getMessage().contains("another alpha"), e.getMessage());
    }

    @Test
    void axesAreCombined() throws IOException {
        Study study = StudyJson.read(Files.writeString(
                folder.resolve("s.json"),
                "{\"base\": {}, \"axes\": [{\"a\": {\"model\": {\"time_gap\": false}}, \"b\": {\"steps\": 7}},"
                        + " {\"c\": {\"model\": {\"cross_space\": false}}, \"d\": {}}]}"));
        assertEquals(
                List.of("a, c", "a, d", "b, c", "b, d"),
                study.variants().stream().map(Study.Variant::name).toList());
        var parts = study.variants().getFirst().config().model().parts();
        assertTrue(!parts.timeGap() && !parts.crossSpace() && parts.acceleration());
        assertEquals(
                List.of(800L, 800L, 7L, 7L),
                study.variants().stream().map(Study.Variant::steps).toList());
        assertEquals(List.of(1L, 2L, 3L), study.seeds());
        FormatException e = assertThrows(
                FormatException.class,
                () -> StudyJson.read(Files.writeString(
                        folder.resolve("s.json"), "{\"base\": {}, \"axes\": [{\"a\": {\"alfa\": 1}}]}")));
        assertTrue(e.getMessage().contains("there is no key alfa"), e.getMessage());
    }

    static Stream<Path> shipped() {
        try {
            return Files.list(Path.of("..", "docs", "studies")).sorted();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void shippedStudiesAreUnderstood(Path file) {
        Study study = StudyJson.read(file);
        assertTrue(study.variants().size() >= 2, file.toString());
        assertTrue(study.seeds().size() >= 3, file.toString());
    }
}

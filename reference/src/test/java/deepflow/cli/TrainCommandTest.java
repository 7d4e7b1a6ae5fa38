package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `deepflow train` as a user calls it. Toy points need no files from the repository.
class TrainCommandTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private List<String> options;

    @BeforeEach
    void tinyModel() throws IOException {
        Path config = Files.writeString(
                folder.resolve("tiny.json"),
                "{\"size\": 1, \"patch\": 1, \"channels\": 2, \"classes\": 2, \"width\": 8, \"depth\": 2, \"heads\": 2,"
                        + " \"k\": 2, \"acc\": 8}");
        options = List.of(
                "train",
                "--config",
                config.toString(),
                "--data",
                "moons",
                "--batch",
                "4",
                "--threads",
                "1",
                "--no-pictures",
                "--checkpoint-every",
                "20");
    }

    private int run(String... more) {
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of(more));
        return Main.run(new PrintWriter(out), new PrintWriter(err), all.toArray(String[]::new));
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void aRunSaysWhereItIsAndIsNotOverwritten() {
        assertEquals(ExitCode.FINE, run("--steps", "3", "--out", path("run")));
        assertEquals(path("run") + System.lineSeparator(), out.toString());
        assertTrue(err.toString().contains("step 3 of 3, loss "), err.toString());
        assertEquals(ExitCode.UNUSABLE, run("--steps", "3", "--out", path("run")));
        assertTrue(err.toString().contains("already holds a run: add --resume"), err.toString());
    }

    @Test
    void aResumedRunTakesItsOptionsFromTheFolder() {
        assertEquals(ExitCode.FINE, run("--steps", "3", "--lr", "0.01", "--out", path("run")));
        options = List.of("train", "--no-pictures");
        assertEquals(ExitCode.FINE, run("--steps", "5", "--resume", "--out", path("run")));
        assertTrue(err.toString().contains("Resumed after step 3."), err.toString());
        assertEquals(ExitCode.UNUSABLE, run("--steps", "6", "--resume", "--alpha", "0.5", "--out", path("run")));
        assertTrue(err.toString().contains("holds a run with another alpha"), err.toString());
    }

    /// Without it a resumed run of 3 steps would go on to the usual 1600, with other checkpoints.
    @Test
    void aResumedRunKeepsItsScheduleUnlessAskedForAnother() throws IOException {
        assertEquals(ExitCode.FINE, run("--steps", "41", "--keep", "2", "--out", path("run")));
        Files.delete(folder.resolve("run/step-000041.safetensors"));
        options = List.of("train");
        assertEquals(ExitCode.FINE, run("--resume", "--out", path("run")));
        assertEquals(List.of("step-000040.safetensors", "step-000041.safetensors"), checkpoints());
        assertEquals(ExitCode.FINE, run("--resume", "--steps", "50", "--out", path("run")));
        assertEquals(ExitCode.UNUSABLE, run("--resume", "--steps", "45", "--out", path("run")));
        assertTrue(err.toString().contains("has already taken 50 steps"), err.toString());
        assertEquals(ExitCode.FINE, run("--resume", "--out", path("run")));
        assertEquals(List.of("step-000041.safetensors", "step-000050.safetensors"), checkpoints());
        Files.writeString(folder.resolve("run/schedule.json"), "{\"steps\": \"many\"}");
        assertEquals(ExitCode.UNUSABLE, run("--resume", "--out", path("run")));
        assertTrue(err.toString().contains("steps must be a whole number"), err.toString());
    }

    private List<String> checkpoints() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("run"))) {
            return files.map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void wrongOptionsAreOneSentence() {
        assertEquals(ExitCode.UNUSABLE, run("--steps", "0", "--out", path("a")));
        assertEquals(ExitCode.UNUSABLE, run("--time", "never", "--out", path("a")));
        assertTrue(err.toString().contains("time must be uniform or lognormal"), err.toString());
        assertEquals(ExitCode.UNUSABLE, run("--data", "nowhere", "--out", path("a")));
        assertTrue(err.toString().contains("There is no data set 'nowhere'"), err.toString());
        assertFalse(err.toString().contains("\tat "), err.toString());
        assertFalse(Files.exists(folder.resolve("a")));
    }

    /// The real thing: another JVM, killed with SIGKILL some steps after its first checkpoint, resumed here.
    @Test
    void aRunKilledBySigkillResumesAndEndsWithTheSameBytes() throws IOException, InterruptedException {
        String[] steps = {"--steps", "300"};
        assertEquals(ExitCode.FINE, run(steps[0], steps[1], "--out", path("whole")));
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(options);
        command.addAll(List.of(steps));
        command.addAll(List.of("--out", path("killed")));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        Path first = folder.resolve("killed").resolve("step-000020.safetensors");
        while (process.isAlive() && !Files.exists(first)) {
            Thread.sleep(5);
        }
        process.destroyForcibly().waitFor();
        assertFalse(Files.exists(folder.resolve("killed").resolve("step-000300.safetensors")), "it was too fast");
        assertEquals(
                ExitCode.FINE,
                run(steps[0], steps[1], "--resume", "--out", path("killed")),
                () -> err + "\n" + folder.resolve("log"));
        try (Stream<Path> files = Files.list(folder.resolve("whole"))) {
            for (Path file : files.toList()) {
                Path other = folder.resolve("killed").resolve(file.getFileName());
                if (!file.endsWith("times.csv")) {
                    assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(other), file.toString());
                }
            }
        }
    }
}

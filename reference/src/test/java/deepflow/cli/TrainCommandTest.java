package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

    private Process process(String log, Map<String, String> environment, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(options);
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(log).toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static Map<String, String> world(int rank, int port) {
        return Map.of(
                "RANK", Integer.toString(rank),
                "WORLD_SIZE", "2",
                "LOCAL_RANK", Integer.toString(rank),
                "MASTER_ADDR", "127.0.0.1",
                "MASTER_PORT", Integer.toString(port));
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    /// As torchrun starts them: two processes that meet over TCP leave the bytes of one that computes both
    /// parts.
    @Test
    void twoProcessesLeaveTheBytesOfOne() throws IOException, InterruptedException {
        String[] steps = {"--steps", "30", "--out"};
        assertEquals(ExitCode.FINE, run(steps[0], steps[1], steps[2], path("one"), "--accumulate", "2"));
        int port = freePort();
        Process one = process("log0", world(0, port), steps[0], steps[1], steps[2], path("two"));
        Process other = process("log1", world(1, port), steps[0], steps[1], steps[2], path("two"));
        assertEquals(ExitCode.FINE, one.waitFor(), () -> log("log0"));
        assertEquals(ExitCode.FINE, other.waitFor(), () -> log("log1"));
        assertTrue(log("log0").endsWith(path("two") + "\n"), log("log0"));
        assertFalse(log("log1").contains("step"), log("log1"));
        try (Stream<Path> files = Files.list(folder.resolve("one"))) {
            for (Path file : files.filter(f -> !f.endsWith("times.csv")).toList()) {
                Path same = folder.resolve("two").resolve(file.getFileName());
                assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(same), file.toString());
            }
        }
    }

    /// A process killed by SIGKILL cannot say so itself.
    @Test
    void whenOneOfTwoProcessesIsKilledTheOtherStopsWithASentence() throws IOException, InterruptedException {
        int port = freePort();
        String[] steps = {"--steps", "1000000", "--out", path("run")};
        Process one = process("log0", world(0, port), steps);
        Process other = process("log1", world(1, port), steps);
        Path first = folder.resolve("run").resolve("step-000020.safetensors");
        while (one.isAlive() && other.isAlive() && !Files.exists(first)) {
            Thread.sleep(5);
        }
        other.destroyForcibly().waitFor();
        assertEquals(ExitCode.UNUSABLE, one.waitFor(), () -> log("log0"));
        assertTrue(
                log("log0").endsWith("deepflow: Rank 1 is gone, so the others stop, too: its own output says why.\n"),
                log("log0"));
    }

    private String log(String name) {
        try {
            return Files.readString(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The real thing: another JVM, killed with SIGKILL some steps after its first checkpoint, resumed here.
    @Test
    void aRunKilledBySigkillResumesAndEndsWithTheSameBytes() throws IOException, InterruptedException {
        String[] steps = {"--steps", "300"};
        assertEquals(ExitCode.FINE, run(steps[0], steps[1], "--out", path("whole")));
        Process process = process("log", Map.of(), steps[0], steps[1], "--out", path("killed"));
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

package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/// Golden files have the same bytes in JVMs that compile differently, or not at all, and on narrower vectors.
class GoldenInOtherJvmsTest {
    private static final List<String> FLAGS = List.of("-Xint", "-XX:UseAVX=0", "-XX:UseAVX=2", "-XX:MaxVectorSize=16");

    @TempDir
    private Path folder;

    @Test
    void everyJvmWritesTheSameBytes(TestReporter reporter) throws IOException, InterruptedException {
        Path config = Files.writeString(
                folder.resolve("small.json"),
                "{\"size\": 4, \"patch\": 2, \"channels\": 1, \"classes\": 2, \"width\": 12, \"depth\": 2, \"heads\": 3,"
                        + " \"k\": 2, \"acc\": 5, \"qk_norm\": true, \"ssl_dim\": 3}");
        List<String> precisions = List.of("f64", "f32");
        for (String precision : precisions) {
            List<Object> here = new ArrayList<>(arguments(config, precision, folder.resolve(precision)));
            assertEquals(0, CommandRun.of(here.toArray()).code());
        }
        for (String flag : FLAGS) {
            List<Process> running = new ArrayList<>();
            for (String precision : precisions) {
                running.add(fork(flag, arguments(config, precision, folder.resolve(precision + "-there")), precision));
            }
            for (int i = 0; i < precisions.size(); i++) {
                String precision = precisions.get(i);
                int code = running.get(i).waitFor();
                String said = Files.readString(log(precision), StandardCharsets.UTF_8);
                if (said.contains("Unrecognized VM option")) {
                    reporter.publishEntry("not tried", flag + " is not an option of this JVM");
                    continue;
                }
                assertEquals(0, code, () -> flag + ": " + said);
                long differs = Files.mismatch(folder.resolve(precision), folder.resolve(precision + "-there"));
                assertEquals(-1, differs, precision + " with " + flag);
            }
        }
    }

    private static List<String> arguments(Path config, String precision, Path out) {
        return List.of(
                "golden",
                "--no-optimizer",
                "--config",
                config.toString(),
                "--seed",
                "3",
                "--batch",
                "2",
                "--precision",
                precision,
                "--threads",
                "2",
                "--out",
                out.toString());
    }

    private Path log(String precision) {
        return folder.resolve(precision + "-log");
    }

    private Process fork(String flag, List<String> arguments, String precision) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx512m",
                flag,
                "-cp",
                System.getProperty("java.class.path"),
                "deepflow.cli.Main"));
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log(precision).toFile())
                .start();
    }
}

package deepflow.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/// The same bits from every operation, whatever the thread count, vector width, instruction set and compiler. Flags
/// need JVMs of their own, two at a time; a flag that this JVM does not know is reported as skipped.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeterminismTest {
    private static final List<List<String>> FLAGS = List.of(
            List.of("-Xint"),
            List.of("-XX:UseAVX=0"),
            List.of("-XX:UseAVX=1"),
            List.of("-XX:UseAVX=2"),
            List.of("-XX:MaxVectorSize=16"),
            List.of("-XX:TieredStopAtLevel=1"),
            List.of("-XX:-TieredCompilation"),
            List.of("-XX:-UseFMA"),
            List.of("-Ddeepflow.vector.bits=0"),
            List.of("-Ddeepflow.vector.bits=128"),
            List.of("-Ddeepflow.vector.bits=256"),
            List.of("-Ddeepflow.vector.bits=512"));

    private final ExecutorService pool = Executors.newFixedThreadPool(2);
    private Map<String, String> expected = Map.of();

    @BeforeAll
    void baseline() {
        expected = BitsMain.hashes(1);
        assertTrue(expected.size() > 50);
    }

    @AfterAll
    void close() {
        pool.shutdownNow();
    }

    @TestFactory
    List<DynamicTest> threadsChangeNoBit() {
        List<DynamicTest> tests = new ArrayList<>();
        for (int n : new int[] {1, 2, 3, 7}) {
            tests.add(DynamicTest.dynamicTest(n + " threads", () -> assertEquals(expected, BitsMain.hashes(n))));
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> flagsChangeNoBit() {
        List<DynamicTest> tests = new ArrayList<>();
        for (List<String> flags : FLAGS) {
            Callable<Map<String, String>> child = () -> accepted(flags) ? run(flags) : Map.of();
            Future<Map<String, String>> result = pool.submit(child);
            tests.add(DynamicTest.dynamicTest(String.join(" ", flags), () -> {
                Map<String, String> actual = result.get();
                Assumptions.assumeFalse(actual.isEmpty(), () -> "this JVM has no " + flags);
                assertEquals(expected, actual);
            }));
        }
        return tests;
    }

    private static boolean accepted(List<String> flags) throws IOException, InterruptedException {
        return start(flags, List.of("-version")).exit == 0;
    }

    private static Map<String, String> run(List<String> flags) throws IOException, InterruptedException {
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Ended ended = start(
                flags, List.of("--add-modules", "jdk.incubator.vector", "-cp", classes, BitsMain.class.getName(), "2"));
        assertEquals(0, ended.exit, ended.output);
        Map<String, String> hashes = new TreeMap<>();
        ended.output.lines().filter(line -> line.startsWith("bits ")).forEach(line -> {
            int equals = line.indexOf(" = ");
            hashes.put(line.substring(5, equals), line.substring(equals + 3));
        });
        return hashes;
    }

    private record Ended(int exit, String output) {}

    private static Ended start(List<String> flags, List<String> rest) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(rest);
        Path log = Files.createTempFile("deepflow-bits", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (!process.waitFor(5, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                return new Ended(-1, "no end after five minutes: " + command);
            }
            return new Ended(process.exitValue(), Files.readString(log, StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(log);
        }
    }
}

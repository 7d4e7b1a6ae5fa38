package deepflow.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The launcher as a user starts it: through a symbolic link, in a tree with blanks in its name, from elsewhere.
///
/// The tree is a stand-in with old sources beside the real classes, so that a source edited while the tests
/// run does not make the launcher build under them.
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void standInTree() throws IOException {
        Path tree = folder.resolve("a tree");
        Path reference = tree.resolve("reference");
        Files.createDirectories(reference.resolve("src/main"));
        Files.createDirectories(reference.resolve("src/build"));
        Files.createDirectories(tree.resolve(".mvn"));
        Files.createFile(tree.resolve("pom.xml"));
        Files.createFile(reference.resolve("pom.xml"));
        for (String source : List.of("pom.xml", "reference/pom.xml", "reference/src/main", "reference/src/build")) {
            Files.setLastModifiedTime(tree.resolve(source), FileTime.fromMillis(1_000_000_000_000L));
        }
        Files.createDirectories(launcher());
        Files.createSymbolicLink(
                reference.resolve("target/classes"), Path.of("target/classes").toAbsolutePath());
        for (String made : List.of("built", "classpath", "deepflow.jar")) {
            Files.copy(Path.of("target/launcher", made), launcher().resolve(made), StandardCopyOption.COPY_ATTRIBUTES);
        }
        Files.copy(Path.of("../.mvn/find-jdk25.sh"), tree.resolve(".mvn/find-jdk25.sh"));
        Files.copy(Path.of("../deepflow"), tree.resolve("deepflow"));
        assertTrue(tree.resolve("deepflow").toFile().setExecutable(true));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("a tree", "deepflow"));
    }

    /// JUnit would warn about a link that leads out of its folder.
    @AfterEach
    void removeLink() throws IOException {
        Files.delete(folder.resolve("a tree/reference/target/classes"));
    }

    private Path launcher() {
        return folder.resolve("a tree/reference/target/launcher");
    }

    private record Outcome(int code, String out, String err) {}

    private Outcome launch(String jvmOptions, String... arguments) throws Exception {
        return start(jvmOptions, "", arguments).call();
    }

    /// Starts a launcher; the result waits for its end.
    private Callable<Outcome> start(String jvmOptions, String number, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("../link"));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out" + number);
        Path err = folder.resolve("err" + number);
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Files.createDirectories(folder.resolve("elsewhere")).toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("DEEPFLOW_JAVA_OPTS", jvmOptions);
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        Process process = builder.start();
        return () -> {
            int code = process.waitFor();
            // Read at once: what Main says must be there when the process is gone.
            return new Outcome(code, Files.readString(out), Files.readString(err));
        };
    }

    @Test
    void saysNothingButWhatMainSays() throws Exception {
        Outcome outcome = launch("", "--version");
        assertEquals("", outcome.err());
        assertEquals(0, outcome.code());
        assertTrue(outcome.out().startsWith("deepflow "), outcome.out());
        String sentence = "deepflow: Unknown option: '--no pe' (see deepflow --help).\n";
        assertEquals(new Outcome(2, "", sentence), launch("-Xmx512m", "--no pe"));
    }

    @Test
    void optionsTheJvmDoesNotKnowAreShownAndAreNotExitCodeOne() throws Exception {
        Outcome outcome = launch("-XX:+Nonsense", "--version");
        assertEquals(2, outcome.code());
        assertTrue(outcome.err().startsWith("Unrecognized VM option 'Nonsense'\n"), outcome.err());
        assertEquals("", outcome.out());
    }

    /// Two launchers at once make the cache that neither needs; the next start reads its classes from it.
    @Test
    void theCacheForAQuickStartIsMadeOnceAndUsed() throws Exception {
        Callable<Outcome> one = start("-Xmx256m", "1", "params");
        Callable<Outcome> other = start("-Xmx256m", "2", "params");
        Outcome first = one.call();
        assertEquals(new Outcome(0, first.out(), ""), first);
        assertEquals(first, other.call());
        assertEquals(Set.of("built", "classpath", "deepflow.jar", "start.aot", "start.aot.key"), names());

        FileTime made = Files.getLastModifiedTime(launcher().resolve("start.aot"));
        Path loaded = folder.resolve("loaded");
        assertEquals(first, launch("-Xmx256m -Xlog:class+load:file=" + loaded, "params"));
        for (String name : List.of("deepflow.cli.Main", "deepflow.cli.Terminal", "picocli.CommandLine")) {
            assertTrue(Files.readString(loaded).contains(name + " source: shared objects file"), name);
        }
        assertEquals(made, Files.getLastModifiedTime(launcher().resolve("start.aot")));
    }

    /// The launcher's jar has picocli with stack maps: every class of it passes the verifier, or asks for a
    /// library that is not here, as picocli's own does.
    @Test
    void theLaunchersPicocliIsPicocli() throws Exception {
        URL own = CommandLine.class.getProtectionDomain().getCodeSource().getLocation();
        URL archivable = Path.of("target/launcher/deepflow.jar").toUri().toURL();
        ClassLoader platform = ClassLoader.getPlatformClassLoader();
        try (JarFile jar = new JarFile(new File(own.toURI()));
                URLClassLoader one = new URLClassLoader(new URL[] {own}, platform);
                URLClassLoader other = new URLClassLoader(new URL[] {archivable}, platform)) {
            List<String> names = jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.startsWith("picocli/") && name.endsWith(".class"))
                    .map(name -> name.substring(0, name.length() - ".class".length()))
                    .toList();
            assertTrue(names.size() > 200, names::toString);
            for (String name : names) {
                try (InputStream in = other.getResourceAsStream(name + ".class")) {
                    assertTrue(in.readNBytes(8)[7] > 50, name); // the version's low byte; 50 is Java 6
                }
                assertEquals(initialized(name, one), initialized(name, other), name);
            }
        }
    }

    private static String initialized(String name, ClassLoader loader) {
        try {
            return Class.forName(name.replace('/', '.'), true, loader).getName();
        } catch (ReflectiveOperationException | LinkageError e) {
            return e.toString();
        }
    }

    @Test
    void aCacheThatIsDamagedOrOldChangesNothing() throws Exception {
        Outcome right = launch("-Xmx256m", "--version");
        Path cache = launcher().resolve("start.aot");
        byte[] good = Files.readAllBytes(cache);
        byte[] damaged = good.clone();
        Arrays.fill(damaged, good.length / 4, good.length / 2, (byte) 0x55);
        for (byte[] bad : List.of(new byte[0], "no cache".getBytes(UTF_8), Arrays.copyOf(good, 1 << 20), damaged)) {
            Files.write(cache, bad);
            assertEquals(right, launch("-Xmx256m", "--version"));
        }
        FileTime made = FileTime.fromMillis(1_700_000_000_000L); // older than the jar
        Files.setLastModifiedTime(cache, made);
        assertEquals(right, launch("-Xmx256m", "--version"));
        assertNotEquals(made, Files.getLastModifiedTime(cache));
        assertTrue(Files.size(cache) > 1 << 20);

        Files.writeString(launcher().resolve("start.aot.key"), "another JDK");
        assertEquals(right, launch("-Xmx256m", "--version"));
        assertNotEquals("another JDK", Files.readString(launcher().resolve("start.aot.key")));
        Files.delete(launcher().resolve("deepflow.jar"));
        assertEquals(right, launch("-Xmx256m", "--version"));
    }

    /// Work on the CPU neither builds the GPU bridge nor has it on the class path, whatever is in its folder:
    /// a checkout in which only the reference was built works.
    @Test
    void workOnTheCpuLeavesTheBridgeAlone() throws Exception {
        Path sources = Files.createDirectories(bridge().resolve("src/main/java"));
        Files.writeString(sources.resolve("New.java"), "not compiled yet");
        Path loaded = folder.resolve("loaded");
        Outcome outcome = launch(
                "-Xmx256m -Xlog:class+load:file=" + loaded, "golden --config tiny-2t --seed 1 --out x".split(" "));
        assertEquals(new Outcome(0, "x\n", ""), outcome);
        assertTrue(Files.readString(loaded).contains("deepflow.cpu.CpuProvider"));
        assertFalse(Files.readString(loaded).contains("deepflow.gpu"));
        assertFalse(Files.readString(loaded).contains("bytedeco"));
        assertFalse(Files.exists(bridge().resolve("target")));
    }

    /// A stand-in for the bridge, with one device. Who asks for a GPU has it on the class path; who names the
    /// CPU beside it loads none of its classes.
    @Test
    void whoAsksForAGpuHasTheBridge() throws Exception {
        standInBridge();
        assertEquals(
                "cuda:0  Stand-in, 1.0 GiB, products in full",
                launch("-Xmx256m", "devices").out().lines().skip(1).findFirst().orElseThrow());
        String[] golden = "golden --config tiny-2t --seed 1 --out x --device cuda".split(" ");
        assertEquals(new Outcome(2, "", "deepflow: No GPU today.\n"), launch("-Xmx256m", golden));
        golden[golden.length - 2] = "--device=cuda:3";
        assertEquals(
                new Outcome(2, "", "deepflow: No GPU today.\n"),
                launch("-Xmx256m", Arrays.copyOf(golden, golden.length - 1)));

        Path loaded = folder.resolve("loaded");
        Outcome onCpu = launch(
                "-Xmx256m -Xlog:class+load:file=" + loaded,
                "golden --config tiny-2t --seed 1 --device cpu --out cuda".split(" "));
        assertEquals(new Outcome(0, "cuda\n", ""), onCpu);
        assertFalse(Files.readString(loaded).contains("StandIn"));
    }

    private Path bridge() {
        return folder.resolve("a tree/gpu-bridge");
    }

    private void standInBridge() throws IOException {
        Path classes = Files.createDirectories(bridge().resolve("target/classes"));
        Path services = Files.createDirectories(classes.resolve("META-INF/services"));
        Files.writeString(services.resolve("deepflow.tensor.BackendProvider"), "StandIn\n");
        Path source = Files.writeString(folder.resolve("StandIn.java"), """
                import deepflow.tensor.*;
                import java.util.*;
                public final class StandIn implements BackendProvider {
                    public String device() { return "cuda"; }
                    public List<DeviceInfo> devices() {
                        return List.of(new DeviceInfo(
                                new DeviceId("cuda", 0), "Stand-in", 1L << 30, Set.of(ProductPrecision.FULL), Map.of()));
                    }
                    public Backend open(int index, BackendOptions options) { throw new DeviceFailure("No GPU today."); }
                }
                """);
        int failed = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-proc:none",
                        "-cp",
                        "target/classes",
                        "-d",
                        classes.toString(),
                        source.toString());
        assertEquals(0, failed);
        Files.createDirectories(bridge().resolve("src/main"));
        Files.createFile(bridge().resolve("pom.xml"));
        for (String old : List.of("pom.xml", "src/main")) {
            Files.setLastModifiedTime(bridge().resolve(old), FileTime.fromMillis(1_000_000_000_000L));
        }
        Path stamps = Files.createDirectories(bridge().resolve("target/launcher"));
        Files.writeString(stamps.resolve("classpath"), "");
        Files.createFile(stamps.resolve("built"));
    }

    private Set<String> names() throws IOException {
        try (Stream<Path> files = Files.list(launcher())) {
            return files.map(f -> f.getFileName().toString()).collect(Collectors.toSet());
        }
    }
}

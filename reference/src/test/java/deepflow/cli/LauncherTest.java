package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The launcher as a user starts it: through a symbolic link, in a tree with blanks in its name, from elsewhere.
///
/// The tree is a stand-in with old sources beside the real classes, so that a source edited while the tests run does
/// not make the launcher build under them.
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
        Files.createSymbolicLink(reference.resolve("target"), Path.of("target").toAbsolutePath());
        Files.copy(Path.of("../.mvn/find-jdk25.sh"), tree.resolve(".mvn/find-jdk25.sh"));
        Files.copy(Path.of("../deepflow"), tree.resolve("deepflow"));
        assertTrue(tree.resolve("deepflow").toFile().setExecutable(true));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("a tree", "deepflow"));
    }

    /// JUnit would warn about a link that leads out of its folder.
    @AfterEach
    void removeLink() throws IOException {
        Files.delete(folder.resolve("a tree/reference/target"));
    }

    private record Outcome(int code, String out, String err) {}

    private Outcome launch(String jvmOptions, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("../link"));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Files.createDirectories(folder.resolve("elsewhere")).toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("DEEPFLOW_JAVA_OPTS", jvmOptions);
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        int code = builder.start().waitFor();
        // Read at once: what Main says must be there when the process is gone.
        return new Outcome(code, Files.readString(out), Files.readString(err));
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
}

package deepflow.gpu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// What `run-on-gpu` says where it cannot do its work. What it does on a GPU, only a GPU can show.
@DisabledOnOs(OS.WINDOWS)
class RunOnGpuTest {
    @TempDir
    private Path folder;

    /// Runs it with no program on the path but those that find a script's folder.
    private String sentence(String... arguments) throws IOException, InterruptedException {
        Path programs = Files.createDirectories(folder.resolve("bin"));
        Path dirname = programs.resolve("dirname");
        if (!Files.exists(dirname)) {
            Files.copy(Path.of("/usr/bin/dirname"), dirname, StandardCopyOption.COPY_ATTRIBUTES);
        }
        List<String> command = new ArrayList<>(
                List.of("/bin/bash", Path.of("run-on-gpu").toAbsolutePath().toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("PATH", programs.toString());
        Process process = builder.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(2, process.waitFor(), said);
        return said;
    }

    @Test
    void withoutADriverItSaysSoAndWritesNothing() throws Exception {
        Path report = folder.resolve("report.md");
        assertEquals(
                "run-on-gpu: nvidia-smi was not found, so there is no NVIDIA driver: run this on a machine with an NVIDIA GPU"
                        + " and driver 580 or newer.\n",
                sentence("--out", report.toString()));
        assertFalse(Files.exists(report));
    }

    @Test
    void wrongOptionsAreSaid() throws Exception {
        assertEquals(
                "run-on-gpu: there is no option '--fast'; there are --out FILE, --python PYTHON and --quick.\n",
                sentence("--fast"));
        assertEquals("run-on-gpu: --out needs a value.\n", sentence("--out"));
    }
}

package deepflow.report;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A headless Chromium from the path.
///
/// @param program the executable
record Chromium(Path program) {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome");

    static Optional<Chromium> find() {
        for (String name : NAMES) {
            for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
                Path program = Path.of(folder.isEmpty() ? "." : folder).resolve(name);
                if (Files.isExecutable(program) && !Files.isDirectory(program)) {
                    return Optional.of(new Chromium(program));
                }
            }
        }
        return Optional.empty();
    }

    /// The page's elements after its scripts have run, as HTML.
    ///
    /// @param fragment what follows the address, such as `#filter=wrong`
    String dom(Path page, String fragment, Path profile) {
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + profile,
                "--virtual-time-budget=2000",
                "--dump-dom",
                page.toUri() + fragment));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (OutputStream in = process.getOutputStream();
                    InputStream out = process.getInputStream()) {
                in.close();
                String dom = new String(out.readAllBytes(), StandardCharsets.UTF_8);
                if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
                    throw new AssertionError("Chromium ended with " + process.exitValue() + ": " + dom);
                }
                return dom;
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw new AssertionError("Chromium does not start", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}

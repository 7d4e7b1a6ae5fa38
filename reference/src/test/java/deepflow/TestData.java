package deepflow;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Where the repository keeps files for tests; tests run in the folder of their module.
public final class TestData {
    private static final Path FOLDER = Path.of("..", "testdata");

    private TestData() {}

    /// A dumped step of the PyTorch peer.
    public static Path step(String name) {
        return FOLDER.resolve("steps").resolve(name + ".safetensors");
    }

    /// All dumped steps, by name.
    public static List<Path> steps() {
        try (Stream<Path> files = Files.list(FOLDER.resolve("steps"))) {
            return files.filter(f -> f.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

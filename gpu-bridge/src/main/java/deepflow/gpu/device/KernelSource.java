package deepflow.gpu.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// The text of one translation unit: what all kernels share, then the kernels of one file.
///
/// @param name of the file, without its ending: `rows`
/// @param text CUDA C++ that needs no header
public record KernelSource(String name, String text) {
    /// Reads `/deepflow/gpu/NAME.cu` behind `/deepflow/gpu/common.cu`. Messages of a compiler name the file and
    /// its line.
    public static KernelSource of(String name) {
        return new KernelSource(name, numbered("common") + numbered(name));
    }

    private static String numbered(String name) {
        return "#line 1 \"" + name + ".cu\"\n" + resource("/deepflow/gpu/" + name + ".cu");
    }

    private static String resource(String path) {
        try (InputStream in = KernelSource.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalArgumentException("there is no kernel source " + path);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

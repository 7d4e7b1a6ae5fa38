package deepflow.gpu.device;

import deepflow.io.AtomicFile;
import deepflow.io.FormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;

/// Compiled kernels in a folder, so that only the first run compiles. A file's name is a digest of all that
/// decides about its content; the file begins with a digest of the rest, so that one that is damaged or cut off
/// is compiled again. Files appear in one step: processes that start together disturb each other at most by
/// compiling twice.
///
/// @param folder where the files are; made when the first is written
public record KernelCache(Path folder) {
    private static final int DIGEST = 32;

    /// The folder for a user's caches: `$XDG_CACHE_HOME/deepflow/kernels`, or `~/.cache/deepflow/kernels`.
    public static KernelCache ofUser() {
        String caches = System.getenv("XDG_CACHE_HOME");
        Path base = caches == null || caches.isBlank()
                ? Path.of(System.getProperty("user.home", "."), ".cache")
                : Path.of(caches);
        return new KernelCache(base.resolve("deepflow").resolve("kernels"));
    }

    /// The binary of a source, from the folder or else from the compiler.
    ///
    /// @param options the compiler's
    /// @param version the compiler's
    byte[] of(KernelSource source, List<String> options, String version, Supplier<byte[]> compiler) {
        Path file = file(source, options, version);
        byte[] known = read(file);
        if (known.length > 0) {
            return known;
        }
        byte[] binary = compiler.get();
        write(file, binary);
        return binary;
    }

    /// Where the binary of a source is, once it is.
    Path file(KernelSource source, List<String> options, String version) {
        String key = version + '\0' + String.join("\0", options) + '\0' + source.text();
        String digest = HexFormat.of().formatHex(digest(key.getBytes(StandardCharsets.UTF_8)));
        return folder.resolve(source.name() + "-" + digest + ".cubin");
    }

    /// Empty where there is no file, or none that is whole.
    private static byte[] read(Path file) {
        try {
            byte[] all = Files.readAllBytes(file);
            if (all.length > DIGEST) {
                byte[] binary = Arrays.copyOfRange(all, DIGEST, all.length);
                if (MessageDigest.isEqual(Arrays.copyOf(all, DIGEST), digest(binary))) {
                    return binary;
                }
            }
        } catch (IOException e) {
            // Not there, or not readable: compiling is always possible.
        }
        return new byte[0];
    }

    private void write(Path file, byte[] binary) {
        try {
            Files.createDirectories(folder);
            AtomicFile.write(file, channel -> {
                ByteBuffer all = ByteBuffer.allocate(DIGEST + binary.length);
                all.put(digest(binary)).put(binary).flip();
                while (all.hasRemaining()) {
                    channel.write(all);
                }
            });
        } catch (IOException | FormatException e) {
            // A folder that cannot be written costs a compilation at every start, and nothing else.
        }
    }

    private static byte[] digest(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}

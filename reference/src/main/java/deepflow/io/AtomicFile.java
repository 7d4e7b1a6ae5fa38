package deepflow.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.UUID;

/// Replaces files as a whole: readers see the old content or the new, never a part, even if the machine stops.
///
/// The content goes to a temporary file in the same folder, is forced to the disk, and takes the place of the target in
/// one step; then the folder is forced as well where the system allows it. When anything fails, the temporary file is
/// removed and the target stays as it was.
public final class AtomicFile {
    private AtomicFile() {}

    /// What fills the file.
    @FunctionalInterface
    public interface Body {
        /// Writes the whole content from the channel's start.
        void write(FileChannel channel) throws IOException;
    }

    /// Replaces the target (the file that a symbolic link points to, if it is one) by what the body writes.
    ///
    /// @throws FormatException if the file cannot be written; what the body throws otherwise comes through
    public static void write(Path target, Body body) {
        Path file = resolve(target);
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new FormatException(
                    Text.path(target) + (Files.isDirectory(file) ? " is a folder" : " is a device or pipe")
                            + ", so it cannot be written as a file.");
        }
        Path folder = Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file);
        Path temporary = folder.resolve(".deepflow-" + UUID.randomUUID() + ".tmp");
        boolean done = false;
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                body.write(channel);
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            done = true;
        } catch (IOException e) {
            throw new FormatException(Text.path(target) + " cannot be written: " + Text.reason(e) + ".", e);
        } finally {
            if (!done) {
                remove(temporary);
            }
        }
        force(folder);
    }

    /// Replaces the target by these bytes.
    public static void write(Path target, byte[] content) {
        write(target, channel -> writeFully(channel, ByteBuffer.wrap(content)));
    }

    /// Writes the rest of the buffer.
    static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static Path resolve(Path target) {
        try {
            return Files.isSymbolicLink(target) && Files.exists(target) ? target.toRealPath() : target;
        } catch (IOException e) {
            throw new FormatException(Text.path(target) + " cannot be written: " + Text.reason(e) + ".", e);
        }
    }

    private static void remove(Path temporary) {
        try {
            if (Files.exists(temporary, LinkOption.NOFOLLOW_LINKS)) {
                Files.delete(temporary);
            }
        } catch (IOException _) {
            // The first failure is the one to report.
        }
    }

    private static void force(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            // Some systems do not open folders: then the rename is as durable as they make it.
        }
    }
}

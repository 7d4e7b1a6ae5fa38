package deepflow.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Opens files to read; devices, pipes and folders are turned away before they can block or never end.
final class RegularFile {
    private RegularFile() {}

    static FileChannel open(Path path) {
        check(path);
        try {
            return FileChannel.open(path, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new FormatException(Text.path(path) + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    static void check(Path path) {
        if (Files.isDirectory(path)) {
            throw new FormatException(Text.path(path) + " is a folder, not a file.");
        }
        if (!Files.exists(path)) {
            throw new FormatException(Text.path(path) + " does not exist (or its folder is closed to you).");
        }
        if (!Files.isRegularFile(path)) {
            throw new FormatException(Text.path(path) + " is a device or pipe, not a regular file.");
        }
        if (!Files.isReadable(path)) {
            throw new FormatException(Text.path(path) + " cannot be read: access is denied.");
        }
    }
}

package deepflow.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/// A file that a command will write, looked at before the work begins.
///
/// @param spec of the command
/// @param option that names the file
/// @param path where it is to be
record OutputFile(CommandSpec spec, String option, Path path) {
    private static final int HEAD = 512;

    /// Refuses to replace what the command reads.
    ///
    /// @throws ParameterException if the file is one of these
    void isNone(List<Path> inputs) {
        for (Path input : inputs) {
            if (same(input)) {
                throw refused(" would replace the file that is read; choose another name");
            }
        }
    }

    /// Refuses to replace something that is no page, and a place where no file can be.
    ///
    /// @throws ParameterException if the file is there and is no HTML, or cannot be written
    void isPage() {
        Path folder = path.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw refused(" cannot be written: there is no folder " + folder + " to write into");
        }
        if (Files.isDirectory(path)) {
            throw refused(" is a folder; name a file in it");
        }
        if (Files.isRegularFile(path) && !holdsPage()) {
            throw refused(" is there already and is no HTML page; choose another name, or remove it");
        }
    }

    private ParameterException refused(String why) {
        return new ParameterException(spec.commandLine(), option + " " + path + why);
    }

    private boolean same(Path input) {
        try {
            return Files.exists(path) && Files.exists(input) && Files.isSameFile(path, input);
        } catch (IOException _) {
            return false; // what cannot be looked at cannot be read either, and that is said elsewhere
        }
    }

    private boolean holdsPage() {
        try (InputStream in = Files.newInputStream(path)) {
            String head = new String(in.readNBytes(HEAD), StandardCharsets.UTF_8).stripLeading();
            String lower = head.toLowerCase(Locale.ROOT);
            return head.isEmpty() || lower.startsWith("<!doctype html") || lower.startsWith("<html");
        } catch (IOException _) {
            return false;
        }
    }
}

package deepflow.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// How a folder of `.npy` files is laid out: a file for each tensor, and `metadata.json`.
///
/// A tensor's name is the file's path without `.npy`, with a dot for each separator: `act.blocks.0.mlp.npy` and
/// `act/blocks/0/mlp.npy` are both `act.blocks.0.mlp`. A character that a file cannot have in its name is written `%`
/// and
/// the two hexadecimal digits of each of its UTF-8 bytes: `%2F` for `/`, `%25` for `%`. Names that begin with a dot are
/// passed over; any other file is an error, since it might be a tensor that someone thinks was judged.
final class NpyFolder {
    private static final String ENDING = ".npy";
    private static final String METADATA = "metadata.json";
    private static final int DEEPEST = 32;
    private static final int MOST = 200_000;

    private final Path root;
    private final Map<String, Path> files = new TreeMap<>();
    private int seen;

    private NpyFolder(Path root) {
        this.root = root;
    }

    /// The files by tensor.
    ///
    /// @throws FormatException if the folder cannot be read, or has a file that does not belong there
    static Map<String, Path> files(Path folder) {
        NpyFolder all = new NpyFolder(folder);
        all.walk(folder, "", 0);
        return all.files;
    }

    /// What `metadata.json` says; null if there is none.
    static @Nullable JsonNode metadata(Path folder) {
        Path file = folder.resolve(METADATA);
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? JsonTree.read(file) : null;
    }

    private void walk(Path folder, String prefix, int depth) {
        if (depth > DEEPEST) {
            throw new FormatException(
                    Text.path(root) + " has folders in folders, more than " + DEEPEST + " deep (a link to itself?).");
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                visit(entry, prefix, depth);
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw new FormatException(Text.path(folder) + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    private void visit(Path entry, String prefix, int depth) {
        String name = entry.getFileName().toString();
        if (name.startsWith(".") || prefix.isEmpty() && name.equals(METADATA)) {
            return;
        }
        if (++seen > MOST) {
            throw new FormatException(Text.path(root) + " has more than " + MOST + " files.");
        }
        if (Files.isDirectory(entry)) {
            walk(entry, prefix + unescaped(entry, name) + ".", depth + 1);
            return;
        }
        if (!name.endsWith(ENDING) || name.length() == ENDING.length()) {
            throw new FormatException(Text.path(entry) + " is neither a .npy file nor " + METADATA
                    + ": only these may be in a folder of tensors.");
        }
        String tensor = prefix + unescaped(entry, name.substring(0, name.length() - ENDING.length()));
        Path before = files.put(tensor, entry);
        if (before != null) {
            throw new FormatException(Text.path(before) + " and " + Text.path(entry) + " are the same tensor "
                    + Text.quote(tensor) + ".");
        }
    }

    private static String unescaped(Path file, String name) {
        if (name.indexOf('%') < 0) {
            return name;
        }
        ByteBuffer bytes = ByteBuffer.allocate(name.length() * 3);
        for (int i = 0; i < name.length(); ) {
            if (name.charAt(i) == '%') {
                int end = Math.min(i + 3, name.length());
                String digits = name.substring(i + 1, end);
                if (!digits.matches("[0-9a-fA-F]{2}")) {
                    throw new FormatException(Text.path(file) + " has a % in its name that no two hexadecimal digits"
                            + " follow; the character % itself is %25.");
                }
                bytes.put((byte) Integer.parseInt(digits, 16));
                i = end;
            } else {
                int c = name.codePointAt(i);
                bytes.put(Character.toString(c).getBytes(StandardCharsets.UTF_8));
                i += Character.charCount(c);
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            throw new FormatException(Text.path(file) + " has escapes in its name that are not UTF-8.", e);
        }
    }
}

package deepflow.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import java.util.Enumeration;

/// NumPy's npz files: zip archives of npy files.
///
/// A zip can expand a thousandfold, so what it may expand to is bounded before anything is expanded: in all, by a limit
/// of the caller; each entry, by what deflate can reach at all; and an entry must be exactly as long as it says, and as
/// its npy header says.
public final class Npz {
    /// What a file may expand to whatever its size, when the caller sets no limit: 64 MiB …
    private static final long FREE = 64L << 20;
    /// … and this many times its size.
    private static final long RATIO = 200;
    /// Deflate needs at least one bit for 129 bytes.
    private static final long DEFLATE_LIMIT = 1032;

    private static final LocalDateTime TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    private Npz() {}

    /// Reads all arrays of a file that expands to at most 64 MiB plus 200 times its size.
    ///
    /// @return the arrays by name (without `.npy`), in the order of the file
    /// @throws FormatException if it cannot be read, breaks a rule of the format, or expands to more
    public static Map<String, NpyArray> read(Path path) {
        RegularFile.check(path);
        try {
            return read(path, FREE + RATIO * Files.size(path));
        } catch (IOException e) {
            throw new FormatException(Text.path(path) + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    /// Reads all arrays of a file that expands to at most that many bytes.
    ///
    /// @return the arrays by name (without `.npy`), in the order of the file
    /// @throws FormatException if it cannot be read, breaks a rule of the format, or expands to more
    public static Map<String, NpyArray> read(Path path, long limit) {
        RegularFile.check(path);
        String file = Text.path(path);
        try (ZipFile zip = new ZipFile(path.toFile(), StandardCharsets.UTF_8)) {
            Map<String, ZipEntry> entries = judge(file, zip, limit);
            Map<String, NpyArray> arrays = new LinkedHashMap<>();
            for (Map.Entry<String, ZipEntry> entry : entries.entrySet()) {
                arrays.put(entry.getKey(), read(file + ": the array " + Text.quote(entry.getKey()), zip, entry.getValue()));
            }
            return Collections.unmodifiableMap(arrays);
        } catch (IOException | IllegalArgumentException e) {
            throw new FormatException(file + " cannot be read as a npz (zip) file: " + Text.reason(e) + ".", e);
        }
    }

    /// Writes arrays, sorted by name, uncompressed and without times: the same arrays give the same bytes.
    ///
    /// @throws FormatException if a name is not allowed or the file cannot be written
    public static void write(Path path, Map<String, NpyArray> arrays) {
        for (String name : arrays.keySet()) {
            if (!ShardIndex.staysInside(name) || Text.loneSurrogate(name) >= 0) {
                throw new FormatException(
                        Text.path(path) + " cannot have an array named " + Text.quote(name) + " (it is no file name).");
            }
        }
        AtomicFile.write(path, channel -> {
            ZipOutputStream zip = new ZipOutputStream(Channels.newOutputStream(channel), StandardCharsets.UTF_8);
            for (Map.Entry<String, NpyArray> entry : new TreeMap<>(arrays).entrySet()) {
                write(zip, entry.getKey(), entry.getValue());
            }
            zip.finish();
        });
    }

    private static Map<String, ZipEntry> judge(String file, ZipFile zip, long limit) {
        Map<String, ZipEntry> entries = new LinkedHashMap<>();
        long total = 0;
        for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
            ZipEntry entry = all.nextElement();
            String name = entry.getName();
            if (!name.endsWith(".npy") || !ShardIndex.staysInside(name)) {
                throw new FormatException(file + " has the entry " + Text.quote(name) + ", which is no array's name.");
            }
            if (entries.put(name.substring(0, name.length() - 4), entry) != null) {
                throw new FormatException(file + " has the entry " + Text.quote(name) + " twice.");
            }
            long expanded = entry.getSize();
            if (expanded < 0 || expanded / DEFLATE_LIMIT > entry.getCompressedSize()) {
                throw new FormatException(file + ": the entry " + Text.quote(name) + " claims to expand from "
                        + entry.getCompressedSize() + " to " + expanded + " bytes, which cannot be.");
            }
            total += expanded;
            if (total > limit || total < 0) {
                throw new FormatException(file + " expands to more than the " + limit + " bytes allowed.");
            }
        }
        return entries;
    }

    private static NpyArray read(String what, ZipFile zip, ZipEntry entry) throws IOException {
        try (InputStream raw = zip.getInputStream(entry)) {
            if (raw == null) {
                throw new FormatException(what + " has vanished from the file.");
            }
            CheckedInputStream in = new CheckedInputStream(raw, new CRC32());
            NpyArray array = Npy.read(what, in, entry.getSize());
            if (in.read() >= 0) {
                throw new FormatException(what + " is longer than it says.");
            }
            if (in.getChecksum().getValue() != entry.getCrc()) {
                throw new FormatException(what + " is damaged: its checksum does not fit.");
            }
            return array;
        }
    }

    private static void write(ZipOutputStream zip, String name, NpyArray array) throws IOException {
        byte[] header = NpyHeader.write(array.type(), array.shape());
        CRC32 crc = new CRC32();
        crc.update(header);
        crc.update(array.bytes());
        ZipEntry entry = new ZipEntry(name + ".npy");
        entry.setMethod(ZipEntry.STORED);
        entry.setTimeLocal(TIME);
        entry.setCrc(crc.getValue());
        entry.setSize((long) header.length + array.bytes().remaining());
        zip.putNextEntry(entry);
        zip.write(header);
        copy(array, zip);
        zip.closeEntry();
    }

    private static void copy(NpyArray array, OutputStream out) throws IOException {
        Channels.newChannel(out).write(array.bytes());
    }
}

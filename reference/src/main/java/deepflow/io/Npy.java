package deepflow.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/// NumPy's npy files: reads versions 1 to 3, both orders and both byte orders; writes version 1, row-major, little
/// endian.
///
/// Floating, integer and boolean elements of 1 to 8 bytes (`f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1`); never objects, which
/// would be Python code to run. The file must end where its array ends.
public final class Npy {
    static final String MAGIC = "\u0093NUMPY";

    private Npy() {}

    /// Reads a file.
    ///
    /// @throws FormatException if it cannot be read, breaks a rule of the format, or has
    ///     more than 2³¹−1 bytes of data
    public static NpyArray read(Path path) {
        String file = Text.path(path);
        try (FileChannel channel = RegularFile.open(path)) {
            long size = channel.size();
            return read(file, new ChannelStream(channel, 0, size), size);
        } catch (IOException e) {
            throw new FormatException(file + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    /// Writes a file, in place of what was there; the same array gives the same bytes.
    ///
    /// @throws FormatException if the file cannot be written
    public static void write(Path path, NpyArray array) {
        byte[] header = NpyHeader.write(array.type(), array.shape());
        AtomicFile.write(path, channel -> {
            AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
            AtomicFile.writeFully(channel, array.bytes());
        });
    }

    /// Reads type and shape of a file, and whether it has as many bytes as they say.
    static NpyHeader header(Path path) {
        String file = Text.path(path);
        try (FileChannel channel = RegularFile.open(path)) {
            long size = channel.size();
            return start(file, new ChannelStream(channel, 0, size), size).header();
        } catch (IOException e) {
            throw new FormatException(file + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    /// Reads an array that has exactly that many bytes with its header.
    static NpyArray read(String what, InputStream in, long size) throws IOException {
        Start start = start(what, in, size);
        return elements(what, start.header(), in, start.bytes());
    }

    /// @param bytes how many of data follow
    private record Start(NpyHeader header, long bytes) {}

    private static Start start(String what, InputStream in, long size) throws IOException {
        byte[] start = in.readNBytes(8);
        if (start.length < 8 || !new String(start, 0, 6, StandardCharsets.ISO_8859_1).equals(MAGIC)) {
            throw new FormatException(what + " is not a npy file: it does not begin with \\x93NUMPY and a version.");
        }
        int version = start[6];
        if (version < 1 || version > 3 || start[7] != 0) {
            throw new FormatException(what + " has the npy version " + (version & 0xFF) + "." + (start[7] & 0xFF)
                    + "; versions 1.0, 2.0 and 3.0 are supported.");
        }
        int lengthBytes = version == 1 ? 2 : 4;
        byte[] length = in.readNBytes(lengthBytes);
        long claimed = 0;
        for (int i = length.length - 1; i >= 0; i--) {
            claimed = claimed << 8 | length[i] & 0xFF;
        }
        long left = size - start.length - lengthBytes;
        if (length.length < lengthBytes || claimed > left) {
            throw new FormatException(what + " is cut off in its npy header.");
        }
        if (claimed > NpyHeader.LONGEST) {
            throw new FormatException(what + " has a npy header of " + claimed + " bytes, more than the "
                    + NpyHeader.LONGEST + " allowed.");
        }
        byte[] text = in.readNBytes((int) claimed);
        if (text.length < claimed) {
            throw new FormatException(what + " is cut off in its npy header.");
        }
        // What the grammar allows is ASCII; in any encoding, all else is an error.
        NpyHeader header = NpyHeader.parse(what, new String(text, StandardCharsets.ISO_8859_1));
        left -= claimed;
        long bytes = Sizes.bytes(header.type(), header.shape());
        if (bytes < 0) {
            throw new FormatException(what + " has a shape whose size overflows 63 bits.");
        }
        if (bytes != left) {
            throw new FormatException(
                    what + " needs " + bytes + " bytes by its shape " + Arrays.toString(header.shape())
                            + " and type " + header.type() + ", but has " + left + " (it is too "
                            + (left < bytes ? "short" : "long") + ").");
        }
        return new Start(header, bytes);
    }

    private static NpyArray elements(String what, NpyHeader header, InputStream in, long bytes) throws IOException {
        if (bytes > Integer.MAX_VALUE) {
            throw new FormatException(
                    what + " has " + bytes + " bytes of data, more than the 2147483647 read at once.");
        }
        byte[] data = Sizes.allocate(what, bytes, 1, byte[]::new);
        if (in.readNBytes(data, 0, data.length) < data.length) {
            throw new FormatException(what + " is shorter than it says.");
        }
        if (header.bigEndian()) {
            NpyOrder.swap(data, header.type().width());
        }
        if (header.fortran() && header.shape().length > 1) {
            byte[] target = Sizes.allocate(what, bytes, 1, byte[]::new);
            NpyOrder.toRowMajor(data, target, header.shape(), header.type().width());
            data = target;
        }
        return new NpyArray(header.type(), header.shape(), data);
    }
}

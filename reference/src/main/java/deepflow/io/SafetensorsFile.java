package deepflow.io;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One safetensors file, open for reading.
///
/// Opening costs time and memory in proportion to the header, which is judged in full before anything is taken from it:
/// what it claims is held against the length of the file first. Data are read by position, 256 KiB at a time.
public final class SafetensorsFile implements TensorSource {
    /// The longest header that any reader of the format takes.
    static final int LONGEST_HEADER = 100_000_000;

    private static final int CHUNK = 1 << 18;

    private final Path path;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final long dataStart;

    private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header, long dataStart) {
        this.path = path;
        this.channel = channel;
        this.header = header;
        this.dataStart = dataStart;
    }

    /// Opens and judges a file.
    ///
    /// @throws FormatException if it cannot be read, or breaks a rule of the format
    public static SafetensorsFile open(Path path) {
        FileChannel channel = RegularFile.open(path);
        boolean opened = false;
        try {
            SafetensorsFile file = judge(path, channel);
            opened = true;
            return file;
        } catch (IOException e) {
            throw unreadable(path, e);
        } finally {
            if (!opened) {
                closeQuietly(channel);
            }
        }
    }

    private static SafetensorsFile judge(Path path, FileChannel channel) throws IOException {
        String file = Text.path(path);
        long size = channel.size();
        ByteBuffer start = ByteBuffer.allocate((int) Math.min(size, 16)).order(ByteOrder.LITTLE_ENDIAN);
        ChannelStream.fill(channel, start, 0);
        start.flip();
        @Nullable String other = OtherFormats.recognise(start);
        if (start.limit() < Long.BYTES) {
            throw bad(file, other, "has " + size + " bytes, too few for a safetensors file (8 for the header's length)");
        }
        long length = start.getLong(0);
        if (length < 0 || length > LONGEST_HEADER) {
            throw bad(
                    file,
                    other,
                    "claims a header of " + Long.toUnsignedString(length) + " bytes, more than the " + LONGEST_HEADER
                            + " that safetensors allows");
        }
        if (length > size - Long.BYTES) {
            throw bad(
                    file,
                    other,
                    "claims a header of " + length + " bytes, but only " + (size - Long.BYTES) + " bytes follow");
        }
        if (other != null && !jsonMayBegin(start.get(Long.BYTES))) {
            throw new FormatException(file + " " + other + ".");
        }
        if (length == 0) {
            throw new FormatException(file + ": the header is empty (its length, the first 8 bytes, is 0).");
        }
        return new SafetensorsFile(path, channel, header(file, channel, length, size), Long.BYTES + length);
    }

    private static SafetensorsHeader header(String file, FileChannel channel, long length, long size)
            throws IOException {
        ByteBuffer first = ByteBuffer.allocate((int) Math.min(3, length));
        ChannelStream.fill(channel, first, Long.BYTES);
        if (first.capacity() == 3 && (first.getShort(0) & 0xFFFF) == 0xEFBB && (first.get(2) & 0xFF) == 0xBF) {
            throw new FormatException(file + ": the header begins with a byte-order mark (byte 8).");
        }
        long broken = ChannelStream.brokenUtf8(channel, Long.BYTES, length);
        if (broken >= 0) {
            throw new FormatException(file + ": the header is not UTF-8 (byte " + broken + ").");
        }
        try (Reader text = new BufferedReader(new InputStreamReader(
                new ChannelStream(channel, Long.BYTES, length), StandardCharsets.UTF_8))) {
            return SafetensorsHeader.read(file, text, size - Long.BYTES - length);
        }
    }

    private static boolean jsonMayBegin(byte b) {
        return b == '{' || b == ' ' || b == '\t' || b == '\n' || b == '\r';
    }

    private static FormatException bad(String file, @Nullable String other, String problem) {
        return new FormatException(file + " " + (other == null ? problem : other) + ".");
    }

    private static FormatException unreadable(Path path, IOException e) {
        return new FormatException(Text.path(path) + " cannot be read: " + Text.reason(e) + ".", e);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // Nothing was written: there is nothing to lose.
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return header.tensors().keySet();
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new FormatException(Text.path(path) + " has no tensor " + Text.quote(name) + ".");
        }
        return info;
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public void readDoubles(String name, long from, double[] into, int at, int count) {
        Objects.checkFromIndexSize(at, count, into.length);
        chunks(info(name), from, count, (type, bytes, done, n, where) ->
                ElementDecoder.doubles(type, bytes, into, at + done, n, where));
    }

    @Override
    public void readFloats(String name, long from, float[] into, int at, int count) {
        Objects.checkFromIndexSize(at, count, into.length);
        chunks(info(name), from, count, (type, bytes, done, n, where) ->
                ElementDecoder.floats(type, bytes, into, at + done, n, where));
    }

    @Override
    public void readLongs(String name, long from, long[] into, int at, int count) {
        Objects.checkFromIndexSize(at, count, into.length);
        chunks(info(name), from, count, (type, bytes, done, n, where) ->
                ElementDecoder.longs(type, bytes, into, at + done, n, where));
    }

    @Override
    public void readBytes(String name, long from, ByteBuffer into) {
        TensorInfo info = info(name);
        Objects.checkFromIndexSize(from, into.remaining(), info.end() - info.begin());
        fill(info, into, from);
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    /// What is done with each chunk of elements.
    private interface Chunk {
        void take(ElementType type, ByteBuffer bytes, int done, int count, Where where);
    }

    private void chunks(TensorInfo info, long from, int count, Chunk chunk) {
        Objects.checkFromIndexSize(from, count, info.elements());
        ElementType type = info.type();
        int width = type.width();
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min((long) count * width, CHUNK))
                .order(ByteOrder.LITTLE_ENDIAN);
        String what = Text.path(path) + ": the tensor " + Text.quote(info.name());
        int done = 0;
        do {
            int n = Math.min(count - done, CHUNK / width);
            bytes.clear().limit(n * width);
            fill(info, bytes, (from + done) * width);
            bytes.flip();
            chunk.take(type, bytes, done, n, new Where(what, from + done));
            done += n;
        } while (done < count);
    }

    private void fill(TensorInfo info, ByteBuffer into, long from) {
        long position = dataStart + info.begin() + from;
        try {
            if (!ChannelStream.fill(channel, into, position)) {
                throw new EOFException("it ends before byte " + (position + into.limit())
                        + ", where it did not when it was opened");
            }
        } catch (IOException e) {
            throw new FormatException(
                    Text.path(path) + ": the tensor " + Text.quote(info.name()) + " cannot be read at byte " + position
                            + ": " + Text.reason(e) + ".",
                    e);
        }
    }
}

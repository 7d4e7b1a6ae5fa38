package deepflow.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Objects;

/// Takes the elements of one tensor in row-major order, in as many pieces as its producer likes, converts them to the
/// declared type and writes them out. Memory: one buffer of 256 KiB.
///
/// Floating types take every number, rounded once to nearest with ties to even; integer types and BOOL take only what
/// they hold exactly. All methods throw [FormatException] for a number that does not fit, for more elements than the
/// shape has, and when the disk fails.
public final class TensorSink {
    private static final int CHUNK = 1 << 15;

    private final FileChannel channel;
    private final String what;
    private final ElementType type;
    private final long elements;
    private final ByteBuffer bytes = ByteBuffer.allocate(CHUNK * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long done;

    TensorSink(FileChannel channel, String what, ElementType type, long elements) {
        this.channel = channel;
        this.what = what;
        this.type = type;
        this.elements = elements;
    }

    /// How many elements are still to come.
    public long remaining() {
        return elements - done;
    }

    /// Takes all of an array.
    public void put(double... values) {
        put(values, 0, values.length);
    }

    /// Takes part of an array.
    public void put(double[] values, int at, int count) {
        Objects.checkFromIndexSize(at, count, values.length);
        chunks(count, (from, n, where) -> ElementEncoder.doubles(type, values, at + from, n, bytes, where));
    }

    /// Takes all of an array.
    public void put(float[] values) {
        put(values, 0, values.length);
    }

    /// Takes part of an array.
    public void put(float[] values, int at, int count) {
        Objects.checkFromIndexSize(at, count, values.length);
        double[] exact = new double[Math.min(count, CHUNK)];
        chunks(count, (from, n, where) -> {
            for (int i = 0; i < n; i++) {
                exact[i] = values[at + from + i];
            }
            ElementEncoder.doubles(type, exact, 0, n, bytes, where);
        });
    }

    /// Takes all of an array.
    public void put(long[] values) {
        put(values, 0, values.length);
    }

    /// Takes part of an array.
    public void put(long[] values, int at, int count) {
        Objects.checkFromIndexSize(at, count, values.length);
        chunks(count, (from, n, where) -> ElementEncoder.longs(type, values, at + from, n, bytes, where));
    }

    /// Takes all of an array.
    public void put(int[] values) {
        put(values, 0, values.length);
    }

    /// Takes part of an array.
    public void put(int[] values, int at, int count) {
        Objects.checkFromIndexSize(at, count, values.length);
        long[] wide = new long[Math.min(count, CHUNK)];
        chunks(count, (from, n, where) -> {
            for (int i = 0; i < n; i++) {
                wide[i] = values[at + from + i];
            }
            ElementEncoder.longs(type, wide, 0, n, bytes, where);
        });
    }

    /// Takes elements that already have the type and little-endian form of the file, as [TensorSource#readBytes] gives
    /// them; nothing is converted or checked but their number.
    public void putBytes(ByteBuffer elementBytes) {
        if (elementBytes.remaining() % type.width() != 0) {
            throw new IllegalArgumentException(
                    elementBytes.remaining() + " bytes are no whole number of " + type + " elements");
        }
        int count = elementBytes.remaining() / type.width();
        expect(count);
        write(elementBytes);
        done += count;
    }

    /// The producer has returned: it must have given all elements.
    void finish() {
        if (done != elements) {
            throw new FormatException(what + " got " + done + " elements, but its shape has " + elements + ".");
        }
    }

    private interface Chunk {
        void encode(int from, int count, Where where);
    }

    private void chunks(int count, Chunk chunk) {
        expect(count);
        for (int from = 0; from < count; from += CHUNK) {
            int n = Math.min(CHUNK, count - from);
            bytes.clear();
            chunk.encode(from, n, new Where(what, done));
            write(bytes.flip());
            done += n;
        }
    }

    private void expect(int count) {
        if (count > elements - done) {
            throw new FormatException(what + " gets more elements than the " + elements + " of its shape.");
        }
    }

    private void write(ByteBuffer content) {
        try {
            AtomicFile.writeFully(channel, content);
        } catch (IOException e) {
            throw new FormatException(what + " cannot be written: " + Text.reason(e) + ".", e);
        }
    }
}

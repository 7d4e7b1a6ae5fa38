package deepflow.io;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.CharBuffer;

/// A range of a file as a stream, by positional reads: the channel's own position is left alone.
final class ChannelStream extends InputStream {
    private final FileChannel channel;
    private final long end;
    private long position;

    ChannelStream(FileChannel channel, long begin, long length) {
        this.channel = channel;
        this.position = begin;
        this.end = begin + length;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (position >= end) {
            return -1;
        }
        int n = channel.read(ByteBuffer.wrap(into, offset, (int) Math.min(length, end - position)), position);
        position += Math.max(n, 0);
        return n;
    }

    /// Fills the buffer from the position on; false when the file ends first.
    static boolean fill(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            int n = channel.read(buffer, at);
            if (n < 0) {
                return false;
            }
            at += n;
        }
        return true;
    }

    /// The first byte of the range that breaks UTF-8, counted from the start of the file; -1 when there is none.
    static long brokenUtf8(FileChannel channel, long begin, long length) throws IOException {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(length, 1 << 16));
        CharBuffer chars = CharBuffer.allocate(1 << 16);
        long read = 0;
        while (read < length) {
            int carried = bytes.position();
            bytes.limit((int) Math.min(bytes.capacity(), carried + length - read));
            if (!fill(channel, bytes, begin + read)) {
                throw new EOFException("the file became shorter while it was read");
            }
            read += bytes.position() - carried;
            bytes.flip();
            chars.clear();
            if (decoder.decode(bytes, chars, read == length).isError()) {
                return begin + read - bytes.remaining();
            }
            bytes.compact();
        }
        return -1;
    }
}

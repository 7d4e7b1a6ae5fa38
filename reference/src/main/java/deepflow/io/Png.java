package deepflow.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/// Writes pictures of 8-bit grey or RGB pixels as PNG, without any other information: the same pixels give the same
/// bytes with the same Java.
public final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    private static final byte GREY = 0;
    private static final byte RGB = 2;

    private Png() {}

    /// Writes a file, in place of what was there.
    ///
    /// @param pixels (height, width, channels) in row-major order
    /// @param channels 1 for grey or 3 for RGB
    /// @throws FormatException if the file cannot be written
    public static void write(Path path, byte[] pixels, int height, int width, int channels) {
        AtomicFile.write(path, encode(pixels, height, width, channels));
    }

    /// The file's bytes.
    static byte[] encode(byte[] pixels, int height, int width, int channels) {
        if (channels != 1 && channels != 3 || pixels.length != (long) height * width * channels) {
            throw new IllegalArgumentException(
                    pixels.length + " bytes are no picture of " + height + "×" + width + "×" + channels);
        }
        ByteBuffer header = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put((byte) 8)
                .put(channels == 1 ? GREY : RGB);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(SIGNATURE);
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", deflate(pixels, height, width * channels));
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    /// Every row behind the number 0: no filter.
    private static byte[] deflate(byte[] pixels, int height, int rowBytes) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(packed)) {
            for (int row = 0; row < height; row++) {
                deflater.write(0);
                deflater.write(pixels, row * rowBytes, rowBytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail so
        }
        return packed.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] content) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(content);
        out.writeBytes(ByteBuffer.allocate(4).putInt(content.length).array());
        out.writeBytes(name);
        out.writeBytes(content);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }
}

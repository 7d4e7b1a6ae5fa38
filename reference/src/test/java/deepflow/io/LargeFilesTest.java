package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files larger than arrays and memory (sparse, so that they cost no disk), and headers larger than any real one.
class LargeFilesTest {
    private static final long MIB = 1L << 20;

    @TempDir
    Path folder;

    @Test
    void aTensorOfFortyGigabytesIsReadInParts() throws IOException {
        long n = 10_000_000_000L;
        Path path =
                sparse("{\"a\":{\"dtype\":\"F32\",\"shape\":[" + n + "],\"data_offsets\":[0," + 4 * n + "]}}", 4 * n);
        try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
            raw.seek(raw.length() - 2);
            raw.write(new byte[] {(byte) 0x80, 0x3F});
        }
        long before = allocated();
        try (TensorSource file = TensorSource.open(path)) {
            assertEquals(n, file.info("a").elements());
            double[] last = new double[2];
            file.readDoubles("a", n - 2, last, 0, 2);
            assertArrayEquals(new double[] {0, 1}, last);
            Raw.fails(() -> file.readFloats("a"), "10000000000 elements", "read it in parts");
        }
        assertTrue(allocated() - before < MIB);
    }

    @Test
    void aTensorThatTheHeapCannotHoldIsSaid() throws IOException {
        long n = 2_000_000_000L;
        Path path = sparse("{\"a\":{\"dtype\":\"U8\",\"shape\":[" + n + "],\"data_offsets\":[0," + n + "]}}", n);
        try (TensorSource file = TensorSource.open(path)) {
            if (Runtime.getRuntime().maxMemory() < 8 * n) {
                Raw.fails(() -> file.readLongs("a"), "needs 16000000000 bytes of memory", "-Xmx");
            }
        }
    }

    @Test
    void aHugeFileWithASmallClaimIsRejected() throws IOException {
        long before = allocated();
        Path path = sparse("{}", 1L << 40);
        Raw.fails(() -> SafetensorsFile.open(path), "1099511627776 bytes of data", "too long");
        Path rubbish = sparse("\0".repeat(8), 0);
        Raw.fails(() -> SafetensorsFile.open(rubbish), "not valid JSON");
        assertTrue(allocated() - before < MIB);
    }

    @Test
    void aHeaderOfAHundredMegabytesOfBlanksIsReadAsAStream() throws IOException {
        Path path = folder.resolve("x");
        try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
            raw.write(new byte[] {0, (byte) 0xE1, (byte) 0xF5, 5, 0, 0, 0, 0, '{', '}'}); // 100,000,000
            byte[] blanks = " ".repeat(1_000_000).getBytes(StandardCharsets.UTF_8);
            while (raw.length() < 100_000_008) {
                raw.write(blanks, 0, (int) Math.min(blanks.length, 100_000_008 - raw.length()));
            }
        }
        long before = allocated();
        try (TensorSource file = TensorSource.open(path)) {
            assertEquals(0, file.names().size());
        }
        long taken = allocated() - before;
        assertTrue(taken < 64 * MIB, () -> taken + " bytes");
    }

    @Test
    void aMillionTensors() {
        int n = 1_000_000;
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < n; i++) {
            header.append(i == 0 ? "" : ",")
                    .append("\"blocks.")
                    .append(i)
                    .append("\":{\"dtype\":\"U8\",\"shape\":[1],")
                    .append("\"data_offsets\":[")
                    .append(i)
                    .append(',')
                    .append(i + 1)
                    .append("]}");
        }
        Path path = Raw.put(folder, "x", Raw.safetensors(header.append('}').toString(), n));
        assertTimeout(Duration.ofSeconds(30), () -> {
            try (TensorSource file = TensorSource.open(path)) {
                assertEquals(n, file.names().size());
                assertArrayEquals(new long[] {(n - 1) & 0xFF}, file.readLongs("blocks." + (n - 1)));
            }
        });
    }

    private Path sparse(String header, long data) throws IOException {
        Path path = Raw.put(folder, "x.safetensors", Raw.safetensors(header, 0));
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(file.length() + data);
        }
        return path;
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}

package deepflow.gpu.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelCacheTest {
    private static final KernelSource SOURCE = new KernelSource("k", "text");
    private static final List<String> OPTIONS = List.of("--a", "-b");
    private static final byte[] BINARY = {1, 2, 3, 4, 5};

    @TempDir
    private Path folder;

    private int compiled;

    private byte[] get(KernelCache cache) {
        return cache.of(SOURCE, OPTIONS, "13.1", () -> {
            compiled++;
            return BINARY;
        });
    }

    @Test
    void aKernelIsCompiledOnce() {
        KernelCache cache = new KernelCache(folder.resolve("a").resolve("b"));
        assertArrayEquals(BINARY, get(cache));
        assertArrayEquals(BINARY, get(cache));
        assertArrayEquals(BINARY, get(new KernelCache(folder.resolve("a").resolve("b"))));
        assertEquals(1, compiled);
    }

    /// Cut off at every length, or with any bit of any byte changed: it is compiled again, and then whole.
    @Test
    void aDamagedFileIsCompiledAgain() throws IOException {
        KernelCache cache = new KernelCache(folder);
        get(cache);
        Path file = cache.file(SOURCE, OPTIONS, "13.1");
        byte[] whole = Files.readAllBytes(file);
        int expected = 1;
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertArrayEquals(BINARY, get(cache));
            assertEquals(++expected, compiled);
        }
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= (byte) (1 << i % 8);
            Files.write(file, damaged);
            assertArrayEquals(BINARY, get(cache));
            assertEquals(++expected, compiled);
        }
        assertArrayEquals(whole, Files.readAllBytes(file));
    }

    @Test
    void whatDecidesAboutTheBinaryDecidesAboutTheName() {
        KernelCache cache = new KernelCache(folder);
        Path file = cache.file(SOURCE, OPTIONS, "13.1");
        assertEquals(file, cache.file(new KernelSource("k", "text"), List.of("--a", "-b"), "13.1"));
        assertNotEquals(file, cache.file(new KernelSource("k", "text "), OPTIONS, "13.1"));
        assertNotEquals(file, cache.file(SOURCE, List.of("--a", "-c"), "13.1"));
        assertNotEquals(file, cache.file(SOURCE, List.of("--a-b"), "13.1"));
        assertNotEquals(file, cache.file(SOURCE, OPTIONS, "13.2"));
    }

    /// Processes that start together: all get the binary, and one whole file is left.
    @Test
    void manyAtOnceDoNotDisturbEachOther() throws InterruptedException, ExecutionException, IOException {
        KernelCache cache = new KernelCache(folder);
        CountDownLatch start = new CountDownLatch(1);
        try (var pool = Executors.newFixedThreadPool(8)) {
            List<Future<byte[]>> all = IntStream.range(0, 8)
                    .mapToObj(i -> pool.submit(() -> {
                        start.await();
                        return cache.of(SOURCE, OPTIONS, "13.1", () -> BINARY.clone());
                    }))
                    .toList();
            start.countDown();
            for (Future<byte[]> one : all) {
                assertArrayEquals(BINARY, one.get());
            }
        }
        try (var files = Files.list(folder)) {
            assertEquals(List.of(cache.file(SOURCE, OPTIONS, "13.1")), files.toList());
        }
    }

    /// A folder that cannot be made is no failure: a file is in its place.
    @Test
    void withoutAFolderEveryStartCompiles() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        KernelCache cache = new KernelCache(file.resolve("kernels"));
        assertArrayEquals(BINARY, get(cache));
        assertArrayEquals(BINARY, get(cache));
        assertEquals(2, compiled);
        assertFalse(Files.isDirectory(file));
    }
}

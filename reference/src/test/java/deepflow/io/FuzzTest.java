package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/// Any mutation of a good file is read, or ends in one sentence: no other exception, no great allocation, no hang.
class FuzzTest {
    private static final long MOST_ALLOCATED = 64L << 20;
    private static final long LONGEST_NANOS = 20_000_000_000L;

    private static Path folder = Path.of("");
    private static byte[] safetensors = {};
    private static byte[] npy = {};
    private static byte[] npz = {};
    private static byte[] index = {};

    @BeforeContainer
    static void makeFiles() throws IOException {
        folder = Files.createTempDirectory("deepflow-io");
        Path x = folder.resolve("x.safetensors");
        new SafetensorsWriter()
                .metadata("format", "pt")
                .add("weight.a", ElementType.F32, new long[] {2, 3}, new double[6])
                .add("b", ElementType.BOOL, new long[] {3}, new int[] {0, 1, 1})
                .add("u", ElementType.U64, new long[] {1}, new int[] {7})
                .add("none", ElementType.BF16, new long[] {0, 9}, new int[0])
                .write(x);
        safetensors = Files.readAllBytes(x);
        NpyArray array = NpyArray.of(ElementType.F32, new long[] {2, 3}, new double[6]);
        Npy.write(folder.resolve("x.npy"), array);
        npy = Files.readAllBytes(folder.resolve("x.npy"));
        Npz.write(folder.resolve("x.npz"), Map.of("a", array, "b", array));
        npz = Files.readAllBytes(folder.resolve("x.npz"));
        index = ("{\"metadata\":{\"total_size\":35},\"weight_map\":{\"weight.a\":\"x.safetensors\","
                        + "\"b\":\"x.safetensors\",\"u\":\"x.safetensors\",\"none\":\"x.safetensors\"}}")
                .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    @AfterContainer
    static void removeFolder() throws IOException {
        for (String name : Raw.names(folder)) {
            Files.delete(folder.resolve(name));
        }
        Files.delete(folder);
    }

    @Property(tries = 4000)
    void safetensors(@ForAll long seed) {
        Path file = Raw.put(folder, "f.safetensors", mutate(safetensors, seed));
        judged(seed, () -> readAll(file));
    }

    @Property(tries = 2000)
    void npy(@ForAll long seed) {
        Path file = Raw.put(folder, "f.npy", mutate(npy, seed));
        judged(seed, () -> Npy.read(file).toDoubles());
    }

    @Property(tries = 2000)
    void npz(@ForAll long seed) {
        Path file = Raw.put(folder, "f.npz", mutate(npz, seed));
        judged(seed, () -> Npz.read(file, MOST_ALLOCATED / 4));
    }

    @Property(tries = 2000)
    void index(@ForAll long seed) {
        Path file = Raw.put(folder, "f.index.json", mutate(index, seed));
        judged(seed, () -> readAll(file));
    }

    private static Object readAll(Path path) {
        try (TensorSource file = TensorSource.open(path)) {
            for (String name : file.names()) {
                TensorInfo info = file.info(name);
                file.readBytes(name, 0, ByteBuffer.allocate((int) (info.end() - info.begin())));
                file.readFloats(name);
                file.readDoubles(name);
                if (!info.type().isFloating()) {
                    file.readLongs(name);
                }
            }
            return file.metadata();
        }
    }

    private static void judged(long seed, Callable<?> read) {
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = thread.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        try {
            read.call();
        } catch (FormatException e) {
            Raw.oneSentence(String.valueOf(e.getMessage()));
        } catch (Exception | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError("seed " + seed, e);
        }
        assertTrue(System.nanoTime() - start < LONGEST_NANOS);
        assertTrue(thread.getCurrentThreadAllocatedBytes() - before < MOST_ALLOCATED);
    }

    private static byte[] mutate(byte[] good, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] bad = good.clone();
        if (random.nextInt(4) == 0) {
            bad = Arrays.copyOf(bad, random.nextInt(good.length + 20));
        }
        for (int i = random.nextInt(4); i > 0 && bad.length > 0; i--) {
            int at = random.nextInt(bad.length);
            switch (random.nextInt(4)) {
                case 0 -> bad[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bad[at] = (byte) random.nextInt(256);
                case 2 -> bad[at] = (byte) "{}[]\",:019-.eE\\u ".charAt(random.nextInt(17));
                default -> { // a piece moved elsewhere
                    int from = random.nextInt(bad.length);
                    int n = Math.min(random.nextInt(1, 12), bad.length - Math.max(at, from));
                    System.arraycopy(bad.clone(), from, bad, at, n);
                }
            }
        }
        return bad;
    }
}

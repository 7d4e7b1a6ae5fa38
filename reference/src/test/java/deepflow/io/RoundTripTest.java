package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/// What goes in comes out: any bits, any type, any shape, any name.
class RoundTripTest {
    private static Path folder = Path.of("");

    @BeforeContainer
    static void makeFolder() throws IOException {
        folder = Files.createTempDirectory("deepflow-io");
    }

    @AfterContainer
    static void removeFolder() throws IOException {
        for (String name : Raw.names(folder)) {
            Files.delete(folder.resolve(name));
        }
        Files.delete(folder);
    }

    @Property(tries = 300)
    void bitsOfEveryTypeAndShape(@ForAll @Size(max = 6) Map<String, Long> seeds, @ForAll String metadata) {
        Map<String, byte[]> bits = new TreeMap<>();
        SafetensorsWriter writer = new SafetensorsWriter();
        boolean sound = Text.loneSurrogate(metadata) < 0;
        if (sound) {
            writer.metadata(metadata, metadata);
        }
        for (String name : seeds.keySet()) {
            if (Text.loneSurrogate(name) >= 0) {
                continue;
            }
            SplittableRandom random = new SplittableRandom(seeds.get(name));
            ElementType type = ElementType.values()[random.nextInt(ElementType.values().length)];
            long[] shape = random.ints(random.nextInt(5), 0, 5).asLongStream().toArray();
            byte[] data = new byte[(int) Sizes.bytes(type, shape)];
            random.nextBytes(data);
            bits.put(name, data);
            writer.add(name, type, shape, sink -> sink.putBytes(ByteBuffer.wrap(data)));
        }
        Path path = folder.resolve("bits.safetensors");
        writer.write(path);
        try (TensorSource file = TensorSource.open(path)) {
            assertEquals(bits.keySet(), new java.util.TreeSet<>(file.names()));
            assertEquals(sound ? Map.of(metadata, metadata) : Map.of(), file.metadata());
            bits.forEach((name, data) -> {
                ByteBuffer read = ByteBuffer.allocate(data.length);
                file.readBytes(name, 0, read);
                assertArrayEquals(data, read.array());
            });
        }
    }

    @Property(tries = 300)
    void numbersOfEveryType(@ForAll ElementType type, @ForAll long seed, @ForAll boolean many) {
        SplittableRandom random = new SplittableRandom(seed);
        // More than one chunk of the writer and of the reader now and then.
        int n = many && random.nextInt(10) == 0 ? 300_001 : random.nextInt(20);
        Path path = folder.resolve("numbers.safetensors");
        if (type.isFloating()) {
            double[] values = random.doubles(n, -1e5, 1e5).toArray();
            float[] floats = new float[n];
            for (int i = 0; i < n; i++) {
                values[i] = switch (type) {
                    case F16 -> Narrow.f16ToDouble((short) random.nextInt(0x7C00));
                    case BF16 -> Narrow.bf16ToDouble((short) random.nextInt(0x7F80));
                    case F32 -> (float) values[i];
                    default -> values[i];
                };
                floats[i] = (float) values[i];
            }
            new SafetensorsWriter()
                    .add("d", type, new long[] {n}, values)
                    .add("f", type, new long[] {1, n}, floats)
                    .write(path);
            try (TensorSource file = TensorSource.open(path)) {
                assertArrayEquals(values, file.readDoubles("d"));
                assertArrayEquals(floats, file.readFloats("d"));
                assertArrayEquals(floats, file.readFloats("f"));
            }
        } else {
            long most = type == ElementType.BOOL
                    ? 1
                    : type.width() == 8
                            ? Long.MAX_VALUE
                            : (1L << 8 * type.width() - (type.name().startsWith("I") ? 1 : 0)) - 1;
            long least = type.name().startsWith("I") ? -most - 1 : 0;
            long[] values = new long[n];
            for (int i = 0; i < n; i++) {
                values[i] = i == 0 ? least : i == 1 ? most : random.nextLong(least, most);
            }
            new SafetensorsWriter().add("l", type, new long[] {n}, values).write(path);
            try (TensorSource file = TensorSource.open(path)) {
                assertArrayEquals(values, file.readLongs("l"));
                double[] doubles =
                        java.util.Arrays.stream(values).asDoubleStream().toArray();
                assertArrayEquals(doubles, file.readDoubles("l"));
            }
        }
    }

    @Property(tries = 200)
    void npyInEveryOrder(@ForAll ElementType type, @ForAll long seed, @ForAll boolean fortran, @ForAll boolean big)
            throws IOException {
        if (type == ElementType.BF16) {
            return;
        }
        SplittableRandom random = new SplittableRandom(seed);
        long[] shape = random.ints(random.nextInt(4), 0, 4).asLongStream().toArray();
        int width = type.width();
        byte[] data = new byte[(int) Sizes.bytes(type, shape)];
        random.nextBytes(data);
        Path path = folder.resolve("x.npy");
        NpyArray array = new NpyArray(type, shape, data);
        Npy.write(path, array);
        assertArrayEquals(data, content(Npy.read(path)));
        assertArrayEquals(shape, Npy.read(path).shape());
        assertEquals(type, Npy.read(path).type());

        // The same array as another program would put it: each element at its place by index arithmetic.
        byte[] other = new byte[data.length];
        for (int element = 0; element < data.length / width; element++) {
            int place = fortran ? place(element, shape) : element;
            for (int b = 0; b < width; b++) {
                other[place * width + (big ? width - 1 - b : b)] = data[element * width + b];
            }
        }
        String descr = (width == 1 ? "|" : big ? ">" : "<")
                + (type == ElementType.BOOL
                        ? "b"
                        : type.name().toLowerCase(java.util.Locale.ROOT).charAt(0))
                + width;
        String tuple = java.util.Arrays.toString(shape).replace("[", "(").replace("]", shape.length == 1 ? ",)" : ")");
        String header = "{'shape': " + tuple + ", \"descr\":'" + descr + "', 'fortran_order':"
                + (fortran ? "True" : "False") + ",}\n";
        Path foreign = Raw.put(folder, "y.npy", Raw.npy(1 + (int) (seed & 1), header, other));
        assertArrayEquals(data, content(Npy.read(foreign)));
    }

    private static int place(int element, long[] shape) {
        int place = 0;
        int rest = element;
        int[] index = new int[shape.length];
        for (int d = shape.length - 1; d >= 0; d--) {
            index[d] = rest % (int) shape[d];
            rest /= (int) shape[d];
        }
        for (int d = shape.length - 1; d >= 0; d--) {
            place = place * (int) shape[d] + index[d];
        }
        return place;
    }

    static byte[] content(NpyArray array) {
        byte[] bytes = new byte[array.bytes().remaining()];
        array.bytes().get(bytes);
        return bytes;
    }
}

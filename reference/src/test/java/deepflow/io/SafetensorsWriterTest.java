package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the writer puts on disk, byte for byte, and what it leaves behind when it cannot.
class SafetensorsWriterTest {
    @TempDir
    Path folder;

    @Test
    void theBytesAreKnown() throws IOException {
        new SafetensorsWriter()
                .metadata("z", "é\n")
                .metadata("a", "")
                .add("b", ElementType.F16, new long[] {2}, new double[] {1, -2})
                .add("y", ElementType.F64, new long[0], new double[] {0.5})
                .add("a", ElementType.I16, new long[] {1, 1}, new int[] {-2})
                .add("x", ElementType.BOOL, new long[] {0, 3}, new long[0])
                .write(folder.resolve("x"));
        String json = "{\"__metadata__\":{\"a\":\"\",\"z\":\"é\\n\"},"
                + "\"y\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
                + "\"a\":{\"dtype\":\"I16\",\"shape\":[1,1],\"data_offsets\":[8,10]},"
                + "\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[10,14]},"
                + "\"x\":{\"dtype\":\"BOOL\",\"shape\":[0,3],\"data_offsets\":[14,14]}}";
        int length = (json.getBytes(StandardCharsets.UTF_8).length + 7) / 8 * 8;
        ByteBuffer expected = ByteBuffer.allocate(8 + length + 14).order(ByteOrder.LITTLE_ENDIAN);
        expected.putLong(length).put(json.getBytes(StandardCharsets.UTF_8));
        while (expected.position() < 8 + length) {
            expected.put((byte) ' ');
        }
        expected.putDouble(0.5).putShort((short) -2).putShort((short) 0x3C00).putShort((short) 0xC000);
        assertArrayEquals(expected.array(), Files.readAllBytes(folder.resolve("x")));
    }

    @Test
    void theOrderOfDeclarationDoesNotMatter() throws IOException {
        SafetensorsWriter one = new SafetensorsWriter().metadata("k", "1").metadata("j", "2");
        SafetensorsWriter two = new SafetensorsWriter().metadata("j", "2").metadata("k", "1");
        List<String> names = List.of("c", "a", "b");
        names.forEach(n -> one.add(n, ElementType.U8, new long[] {1}, new int[] {n.charAt(0)}));
        names.reversed().forEach(n -> two.add(n, ElementType.U8, new long[] {1}, new int[] {n.charAt(0)}));
        one.write(folder.resolve("1"));
        two.write(folder.resolve("2"));
        assertArrayEquals(Files.readAllBytes(folder.resolve("1")), Files.readAllBytes(folder.resolve("2")));
    }

    @Test
    void aProducerThatThrowsLeavesTheOldFileAndNoOther() throws IOException {
        Path target = folder.resolve("x");
        Files.writeString(target, "old");
        SafetensorsWriter writer = new SafetensorsWriter().add("a", ElementType.F64, new long[] {2}, sink -> {
            sink.put(1.0);
            throw new IllegalStateException("power cut");
        });
        assertThrows(IllegalStateException.class, () -> writer.write(target));
        assertEquals("old", Files.readString(target));
        assertEquals(List.of("x"), Raw.names(folder));
        assertThrows(IllegalStateException.class, () -> writer.write(folder.resolve("new")));
        assertEquals(List.of("x"), Raw.names(folder));
    }

    @Test
    void tooFewOrTooManyElementsAreSaid() {
        Raw.fails(() -> write(ElementType.F32, new long[] {3}, 1, 2), "\"a\" got 2 elements, but its shape has 3");
        Raw.fails(() -> write(ElementType.F32, new long[] {1}, 1, 2), "more elements than the 1 of its shape");
        Raw.fails(
                () -> new SafetensorsWriter()
                        .add("a", ElementType.U8, new long[] {1}, s -> s.putBytes(ByteBuffer.allocate(2)))
                        .write(folder.resolve("x")),
                "more elements than the 1");
        assertEquals(List.of(), Raw.names(folder));
    }

    @Test
    void integersTakeOnlyWhatTheyHold() {
        Raw.fails(() -> write(ElementType.I32, new long[] {2}, 1, 0.5), "element 1 is 0.5, which I32 cannot hold");
        Raw.fails(() -> write(ElementType.U8, new long[] {1}, 256), "256.0, which U8 cannot hold");
        Raw.fails(() -> write(ElementType.I8, new long[] {1}, -129), "I8");
        Raw.fails(() -> write(ElementType.U16, new long[] {1}, -1), "U16");
        Raw.fails(() -> write(ElementType.U32, new long[] {1}, 0x1p32), "U32");
        Raw.fails(() -> write(ElementType.BOOL, new long[] {1}, 2), "BOOL");
        Raw.fails(() -> write(ElementType.I64, new long[] {1}, 0x1p63), "I64");
        Raw.fails(() -> write(ElementType.U64, new long[] {1}, 0x1p64), "U64");
        Raw.fails(() -> write(ElementType.I64, new long[] {1}, Double.NaN), "NaN");
        write(ElementType.U64, new long[] {2}, 0x1p63, 0x1.FFFFFFFFFFFFFp63);
        try (TensorSource file = TensorSource.open(folder.resolve("x"))) {
            assertArrayEquals(new double[] {0x1p63, 0x1.FFFFFFFFFFFFFp63}, file.readDoubles("a"));
        }
        for (ElementType type : new ElementType[] {ElementType.U64, ElementType.U8, ElementType.BOOL}) {
            SafetensorsWriter writer = new SafetensorsWriter().add("a", type, new long[] {2}, new long[] {0, -1});
            Raw.fails(() -> writer.write(folder.resolve("x")), "element 1 is -1, which " + type + " cannot hold");
        }
    }

    @Test
    void namesAndShapesAreJudged() {
        SafetensorsWriter writer = new SafetensorsWriter().add("a", ElementType.U8, new long[0], new int[1]);
        Raw.fails(() -> writer.add("a", ElementType.F32, new long[0], new float[1]), "\"a\" is written twice");
        Raw.fails(() -> writer.add("__metadata__", ElementType.U8, new long[0], new int[1]), "No tensor may be called");
        Raw.fails(() -> writer.add("b", ElementType.U8, new long[] {-1}, new int[1]), "negative dimension -1");
        Raw.fails(() -> writer.add("b", ElementType.F64, new long[] {1L << 61}, new int[1]), "overflows 63 bits");
        Raw.fails(() -> writer.add("\uD800", ElementType.U8, new long[0], new int[1]), "surrogate");
        Raw.fails(() -> writer.metadata("k", "\uDC00"), "surrogate");
        writer.add("c", ElementType.U8, new long[] {Long.MAX_VALUE}, new int[0]);
        Raw.fails(() -> writer.write(folder.resolve("x")), "overflow 63 bits");
    }

    @Test
    void nansBecomeCanonical() {
        double nan = Double.longBitsToDouble(0xFFF8_0000_0000_1234L);
        for (ElementType type : List.of(ElementType.F16, ElementType.BF16, ElementType.F32, ElementType.F64)) {
            write(type, new long[] {1}, nan);
            ByteBuffer bytes =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).limit(type.width());
            try (TensorSource file = TensorSource.open(folder.resolve("x"))) {
                file.readBytes("a", 0, bytes);
            }
            long expected = switch (type) {
                case F16 -> 0x7E00;
                case BF16 -> 0x7FC0;
                case F32 -> 0x7FC00000;
                default -> 0x7FF8_0000_0000_0000L;
            };
            assertEquals(expected, bytes.clear().getLong(0));
        }
    }

    @Test
    void aFolderADeviceAndAMissingFolderAreSaid() {
        Raw.fails(() -> write(folder), "is a folder, so it cannot be written");
        Raw.fails(() -> write(folder.resolve("none/x")), "there is no such file or folder");
        if (Files.exists(Path.of("/dev/null"))) {
            Raw.fails(() -> write(Path.of("/dev/null")), "is a device or pipe");
        }
    }

    @Test
    void aLinkStaysALink() throws IOException {
        Path real = Files.writeString(folder.resolve("real"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        AtomicFile.write(link, "new".getBytes(StandardCharsets.UTF_8));
        assertEquals("new", Files.readString(real));
        assertEquals(real.toRealPath(), link.toRealPath());
        assertEquals(List.of("link", "real"), Raw.names(folder));
    }

    private void write(Path target) {
        new SafetensorsWriter().write(target);
    }

    private void write(ElementType type, long[] shape, double... values) {
        new SafetensorsWriter().add("a", type, shape, values).write(folder.resolve("x"));
    }
}

package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is odd but right, and how data are read.
class SafetensorsAcceptTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"{}", " \t\n\r{}  \n", "{\"__metadata__\":null}", "{\"__metadata__\":{}}"})
    void noTensors(String header) {
        try (TensorSource file = open(header, 0)) {
            assertEquals(List.of(), List.copyOf(file.names()));
            assertEquals(Map.of(), file.metadata());
        }
    }

    @Test
    void namesComeInTheOrderOfTheData() {
        String rest = "\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":";
        try (TensorSource file =
                open("{\"z\":{" + rest + "[1,2]},\"a\":{" + rest + "[2,3]},\"m\":{" + rest + "[0,1]}}", 3)) {
            assertEquals(List.of("m", "z", "a"), List.copyOf(file.names()));
            assertArrayEquals(new long[] {2}, file.readLongs("a"));
        }
    }

    @Test
    void scalarsZeroSizesExtrasAndTheEmptyName() {
        String header = "{\"\":{\"x\":[{\"y\":null}],\"data_offsets\":[0,2],\"dtype\":\"I16\",\"shape\":[]},"
                + "\"none\":{\"dtype\":\"F64\",\"shape\":[3,0,9223372036854775807],\"data_offsets\":[2,2]},"
                + "\"__metadata__\":{\"k\":\"\\ud83d\\ude00\\u0000\"}}";
        try (TensorSource file = open(header, 2)) {
            assertArrayEquals(new long[] {0x0100}, file.readLongs(""));
            assertEquals(1, file.info("").elements());
            assertEquals(0, file.readDoubles("none").length);
            assertArrayEquals(
                    new long[] {3, 0, Long.MAX_VALUE}, file.info("none").shape());
            assertEquals(Map.of("k", "\uD83D\uDE00\0"), file.metadata());
        }
    }

    @Test
    void unalignedData() {
        String header = "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"i\":{\"dtype\":\"U64\",\"shape\":[2],\"data_offsets\":[1,17]}}";
        try (TensorSource file = open(header, 17)) {
            assertArrayEquals(new long[] {0x0807060504030201L, 0x100F0E0D0C0B0A09L}, file.readLongs("i"));
        }
    }

    @Test
    void partsOfTensors() {
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[10],\"data_offsets\":[0,10]}}";
        try (TensorSource file = open(header, 10)) {
            double[] into = new double[4];
            file.readDoubles("a", 7, into, 1, 3);
            assertArrayEquals(new double[] {0, 7, 8, 9}, into);
            ByteBuffer bytes = ByteBuffer.allocate(2);
            file.readBytes("a", 8, bytes);
            assertArrayEquals(new byte[] {8, 9}, bytes.array());
            assertThrows(IndexOutOfBoundsException.class, () -> file.readDoubles("a", 8, into, 0, 3));
            assertThrows(IndexOutOfBoundsException.class, () -> file.readFloats("a", -1, new float[4], 0, 3));
            assertThrows(IndexOutOfBoundsException.class, () -> file.readLongs("a", 0, new long[4], 2, 3));
            assertThrows(IndexOutOfBoundsException.class, () -> file.readBytes("a", 8, ByteBuffer.allocate(3)));
            Raw.fails(() -> file.info("none"), "x.safetensors has no tensor \"none\"");
        }
    }

    @Test
    void whatAnElementCannotBeIsSaid() {
        String header = "{\"b\":{\"dtype\":\"BOOL\",\"shape\":[4],\"data_offsets\":[0,4]},"
                + "\"u\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[4,12]},"
                + "\"f\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[12,14]}}";
        byte[] content = Raw.safetensors(header, 14);
        content[content.length - 3] = (byte) 0xFF;
        try (TensorSource file = TensorSource.open(Raw.put(folder, "x.safetensors", content))) {
            Raw.fails(() -> file.readDoubles("b"), "\"b\": element 2 is 2, but a BOOL is 0 or 1");
            Raw.fails(() -> file.readLongs("u"), "\"u\": element 0 is 18377", "more than a signed");
            Raw.fails(() -> file.readLongs("f"), "\"f\" has type F16, but integers are needed");
            assertEquals(0x1.FE1412100E0C0A08p63, file.readDoubles("u")[0]);
            assertEquals(0x1.FE1412100E0C0Ap63f, file.readFloats("u")[0]);
        }
    }

    @Test
    void aFileThatShrinksWhileOpenIsSaid() throws java.io.IOException {
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[10],\"data_offsets\":[0,10]}}";
        try (TensorSource file = open(header, 10);
                var channel = java.nio.channels.FileChannel.open(
                        folder.resolve("x.safetensors"), java.nio.file.StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - 1);
            Raw.fails(() -> file.readLongs("a"), "\"a\" cannot be read at byte 63", "ends before byte 73");
        }
    }

    private TensorSource open(String header, int data) {
        return TensorSource.open(Raw.put(folder, "x.safetensors", Raw.safetensors(header, data)));
    }
}

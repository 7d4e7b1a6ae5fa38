package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Sharded sets: the index and the shards must agree.
class ShardedTensorsTest {
    @TempDir
    Path folder;

    @BeforeEach
    void twoShards() {
        shard("1.safetensors", "a", 1);
        shard("2.safetensors", "b", 2);
    }

    @Test
    void readsAsOne() {
        String json = "{\"metadata\":{\"total_size\":16,\"x\":null},\"other\":[{}],"
                + "\"weight_map\":{\"b\":\"2.safetensors\",\"a\":\"1.safetensors\"}}";
        try (TensorSource set = index("m.safetensors.index.json", json)) {
            assertEquals(List.of("a", "b"), List.copyOf(set.names()));
            assertEquals(Map.of("total_size", "16", "format", "pt"), set.metadata());
            assertArrayEquals(new double[] {2}, set.readDoubles("b"));
            assertArrayEquals(new float[] {1}, set.readFloats("a"));
            Raw.fails(() -> set.readLongs("a"), "1.safetensors", "integers are needed");
            ByteBuffer bytes = ByteBuffer.allocate(8);
            set.readBytes("a", 0, bytes);
            assertEquals(
                    0x3FF0_0000_0000_0000L,
                    bytes.order(java.nio.ByteOrder.LITTLE_ENDIAN).getLong(0));
            Raw.fails(() -> set.info("c"), "m.safetensors.index.json has no tensor \"c\"");
        }
    }

    @Test
    void isRecognisedByContentToo() {
        try (TensorSource set = index("oddly named", map("a", "1.safetensors", "b", "2.safetensors"))) {
            assertInstanceOf(ShardedTensors.class, set);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../x", "/etc/x", "a/../../x", "C:x", "a\\\\x", "", ".", "..", "a//x", "a/./x", "a\\u0000x"})
    void aShardOutsideTheFolderIsRejected(String shard) {
        fails(map("a", shard), "puts the tensor \"a\" into", "not a file name inside its folder");
    }

    @Test
    void disagreementsAreRejected() {
        fails(map("a", "1.safetensors", "b", "none.safetensors"), "none.safetensors does not exist");
        fails(
                map("a", "1.safetensors", "b", "2.safetensors", "c", "2.safetensors"),
                "\"c\" is in \"2.safe",
                "it is not");
        fails(map("a", "1.safetensors", "b", "1.safetensors"), "\"b\" is in \"1.safetensors\", but it is not");
        shard("3.safetensors", "a", 3);
        fails(
                map("a", "1.safetensors", "b", "2.safetensors", "c", "3.safetensors"),
                "\"a\" is in \"1.",
                "it is in \"3.");
        shard("2.safetensors", "extra", 3);
        fails(map("a", "1.safetensors", "b", "2.safetensors"), "does not list the tensor \"extra\"");
    }

    @Test
    void aBadIndexIsRejected() {
        fails("{}", "has no weight_map");
        fails("{\"weight_map\":[]}", "must be an object");
        fails("{\"weight_map\":{\"a\":1}}", "the number \"1\" as the shard of the tensor \"a\"");
        fails("{\"weight_map\":{},\"weight_map\":{}}", "\"weight_map\" twice");
        fails(map("a", "1.safetensors", "a", "1.safetensors"), "\"a\" twice");
        fails("{\"metadata\":{\"k\":1,\"k\":2},\"weight_map\":{}}", "\"k\" twice");
        fails("{\"weight_map\":", "ends too early");
        fails("", "ends too early");
    }

    private void fails(String json, String... words) {
        Raw.fails(() -> index("m.safetensors.index.json", json).close(), words);
    }

    private TensorSource index(String name, String json) {
        return TensorSource.open(Raw.put(folder, name, json.getBytes(StandardCharsets.UTF_8)));
    }

    private void shard(String file, String name, double value) {
        new SafetensorsWriter()
                .metadata("format", "pt")
                .add(name, ElementType.F64, new long[0], new double[] {value})
                .write(folder.resolve(file));
    }

    private static String map(String... pairs) {
        StringBuilder json = new StringBuilder("{\"weight_map\":{");
        for (int i = 0; i < pairs.length; i += 2) {
            json.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(pairs[i])
                    .append("\":\"")
                    .append(pairs[i + 1])
                    .append('"');
        }
        return json.append("}}").toString();
    }
}

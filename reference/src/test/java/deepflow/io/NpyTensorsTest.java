package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Folders of `.npy` files, and `.npz` files, as sources of tensors.
class NpyTensorsTest {
    @TempDir
    private Path folder;

    private void npy(String file, NpyArray array) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Npy.write(path, array);
    }

    private static NpyArray f32(double... values) {
        return NpyArray.of(ElementType.F32, new long[] {values.length}, values);
    }

    private void metadata(String json) throws IOException {
        Files.writeString(folder.resolve("metadata.json"), json);
    }

    @Test
    void filesAndFoldersAreNames() throws IOException {
        npy("act.blocks.0.npy", f32(1, 2, 3));
        npy("act/blocks/1.npy", f32(4));
        npy("grad/a%2Fb%25%C3%A9.npy", f32(5));
        npy("x#1.npy", NpyArray.of(ElementType.I32, new long[] {}, new long[] {7}));
        npy(".hidden.npy", f32(0));
        metadata("{\"config\": {\"k\": 2}, \"lambda\": 0.5, \"precision\": \"f32\"}");
        try (TensorSource t = TensorSource.open(folder)) {
            assertEquals(Set.of("act.blocks.0", "act.blocks.1", "grad.a/b%é", "x#1"), t.names());
            assertArrayEquals(new double[] {1, 2, 3}, t.readDoubles("act.blocks.0"));
            double[] part = new double[3];
            t.readDoubles("act.blocks.0", 1, part, 1, 2);
            assertArrayEquals(new double[] {0, 2, 3}, part);
            assertArrayEquals(new long[] {7}, t.readLongs("x#1"));
            assertArrayEquals(new float[] {5}, t.readFloats("grad.a/b%é"));
            ByteBuffer bytes = ByteBuffer.allocate(4);
            t.readBytes("act.blocks.0", 8, bytes);
            assertEquals(0x4040, Short.toUnsignedInt(Short.reverseBytes(bytes.getShort(2))));
            assertEquals(Map.of("config", "{\"k\":2}", "lambda", "0.5", "precision", "f32"), t.metadata());
            Raw.fails(() -> t.readLongs("act.blocks.0"), "no integer type");
            Raw.fails(() -> t.info("nope"), "has no tensor \"nope\"");
        }
    }

    @Test
    void bfloat16ComesAsUint16OrAsV2() throws IOException {
        NpyArray bits = NpyArray.of(ElementType.U16, new long[] {2}, new long[] {0x3F80, 0xC040});
        npy("weight.a.npy", bits);
        npy("weight.b.npy", bits);
        npy("count.npy", bits);
        byte[] file = Files.readAllBytes(folder.resolve("weight.b.npy"));
        String header = new String(file, StandardCharsets.ISO_8859_1).replace("'<u2'", "'<V2'");
        Files.write(folder.resolve("weight.b.npy"), header.getBytes(StandardCharsets.ISO_8859_1));
        metadata("{\"types\": {\"weight.a*\": \"BF16\"}}");
        try (TensorSource t = TensorSource.open(folder)) {
            for (String name : new String[] {"weight.a", "weight.b"}) {
                assertEquals(ElementType.BF16, t.info(name).type());
                assertArrayEquals(new double[] {1, -3}, t.readDoubles(name));
            }
            assertEquals(ElementType.U16, t.info("count").type());
            assertTrue(t.metadata().isEmpty());
        }
    }

    @Test
    void npzCarriesItsMetadataAsBytes() {
        byte[] json = "{\"precision\": \"bf16\", \"types\": {\"a\": \"BF16\"}}".getBytes(StandardCharsets.UTF_8);
        long[] codes = new long[json.length];
        for (int i = 0; i < json.length; i++) {
            codes[i] = json[i];
        }
        Path file = folder.resolve("t.npz");
        NpyArray text = NpyArray.of(ElementType.U8, new long[] {json.length}, codes);
        NpyArray bits = NpyArray.of(ElementType.U16, new long[] {1}, new long[] {0x3F80});
        Npz.write(file, Map.of("__metadata__", text, "a", bits, "b", f32(2)));
        try (TensorSource t = TensorSource.open(file)) {
            assertEquals(Set.of("a", "b"), t.names());
            assertArrayEquals(new double[] {1}, t.readDoubles("a"));
            assertEquals(Map.of("precision", "bf16"), t.metadata());
        }
        Npz.write(file, Map.of("__metadata__", f32(1)));
        Raw.fails(() -> TensorSource.open(file), "it must be uint8");
    }

    @Test
    void whatDoesNotBelongIsNamed() throws IOException {
        npy("a.npy", f32(1));
        Files.writeString(folder.resolve("notes.txt"), "x");
        Raw.fails(() -> TensorSource.open(folder), "notes.txt is neither a .npy file nor metadata.json");
        Files.delete(folder.resolve("notes.txt"));

        npy("b%2.npy", f32(1));
        Raw.fails(() -> TensorSource.open(folder), "the character % itself is %25");
        Files.move(folder.resolve("b%2.npy"), folder.resolve("b%FF.npy"));
        Raw.fails(() -> TensorSource.open(folder), "are not UTF-8");
        Files.delete(folder.resolve("b%FF.npy"));

        npy("c.d.npy", f32(1));
        npy("c/d.npy", f32(1));
        Raw.fails(() -> TensorSource.open(folder), "are the same tensor \"c.d\"");
        Files.delete(folder.resolve("c/d.npy"));

        metadata("{\"types\": {\"a\": \"BF16\"}}");
        Raw.fails(() -> TensorSource.open(folder), "only uint16 may be declared bfloat16");
        metadata("{\"types\": {\"zz*\": \"BF16\"}}");
        Raw.fails(() -> TensorSource.open(folder), "names \"zz*\", and there is no such tensor");
        metadata("{\"types\": {\"a\": \"F16\"}}");
        Raw.fails(() -> TensorSource.open(folder), "only \"BF16\" needs a word");
        metadata("[]");
        Raw.fails(() -> TensorSource.open(folder), "must be a JSON object");
        metadata("{\"a\": 1, \"a\": 2}");
        Raw.fails(() -> TensorSource.open(folder), "is not valid JSON");
        Files.write(folder.resolve("metadata.json"), new byte[] {'{', (byte) 0xFF, '}'});
        Raw.fails(() -> TensorSource.open(folder), "is not UTF-8");
        Files.delete(folder.resolve("metadata.json"));

        Files.createSymbolicLink(folder.resolve("loop"), folder);
        Raw.fails(() -> TensorSource.open(folder), "folders in folders");
    }
}

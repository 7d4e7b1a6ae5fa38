package deepflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.equation.AccelerationMlp;
import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InferredConfigTest {
    /// A file that has names and shapes only.
    private record Shapes(Map<String, long[]> byName) implements TensorSource {
        static Shapes of(ModelConfig config) {
            Map<String, long[]> all = new LinkedHashMap<>();
            for (ParameterSpec s : Declarations.of(new DeepFlow(config))) {
                all.put(s.name(), Arrays.stream(s.shape().dims()).asLongStream().toArray());
            }
            return new Shapes(all);
        }

        @Override
        public Path path() {
            return Path.of("shapes");
        }

        @Override
        public Set<String> names() {
            return byName.keySet();
        }

        @Override
        public TensorInfo info(String name) {
            long[] shape = byName.get(name);
            return new TensorInfo(
                    name, ElementType.F32, shape, 0, 4 * Arrays.stream(shape).reduce(1, (a, b) -> a * b));
        }

        @Override
        public Map<String, String> metadata() {
            return Map.of();
        }

        @Override
        public void readDoubles(String name, long from, double[] into, int at, int count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void readFloats(String name, long from, float[] into, int at, int count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void readLongs(String name, long from, long[] into, int at, int count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void readBytes(String name, long from, ByteBuffer into) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private static ModelConfig inferred(Shapes shapes) {
        return StateDict.of(shapes, StateDict.Weights.PLAIN).config();
    }

    @ParameterizedTest
    @ValueSource(strings = {"s-2t", "b-2t@10", "b/4-3t", "l-3t@21", "xl-4t", "b-1t", "sit-s", "sit-xl", "latent-s"})
    void publishedShapesAreRecognised(String name) {
        ModelConfig config = Configs.named(name);
        assertEquals(config, inferred(Shapes.of(config)));
    }

    static List<ModelConfig> variants() {
        List<ModelConfig> all = new ArrayList<>();
        for (int bits = 0; bits < 1 << 8; bits++) {
            ModelConfig.VeraParts parts = new ModelConfig.VeraParts((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
            boolean additive = (bits & 8) != 0;
            boolean shallow = (bits & 16) != 0;
            // what leaves no trace in a file is as usual
            if (!parts.acceleration() && (additive || shallow) || parts.equals(ModelConfig.VeraParts.NONE)) {
                continue;
            }
            boolean ssl = (bits & 32) != 0;
            all.add(new ModelConfig(
                    12,
                    3,
                    3,
                    7,
                    (bits & 64) != 0 ? 40 : 384,
                    6,
                    (bits & 64) != 0 ? 5 : 6,
                    3,
                    parts.acceleration() || ssl ? 56 : 2048,
                    ModelConfig.Kind.DEEPFLOW,
                    List.of(2, 4),
                    false,
                    (bits & 64) != 0,
                    ssl ? 24 : 0,
                    (bits & 128) != 0,
                    additive ? ModelConfig.Design.ADDITIVE : ModelConfig.Design.FULL,
                    parts,
                    shallow ? AccelerationMlp.Form.SHALLOW : AccelerationMlp.Form.DEEP));
        }
        return all;
    }

    @Test
    void everyVariantIsRecognised() {
        List<ModelConfig> variants = variants();
        assertTrue(variants.size() > 100);
        for (ModelConfig config : variants) {
            // without time gap and cross-space attention an additive block has nothing but ACC_MLP: still told by it
            assertEquals(config, inferred(Shapes.of(config)), () -> ConfigJson.write(config));
        }
    }

    private static String refusal(Shapes shapes) {
        String message =
                assertThrows(FormatException.class, () -> inferred(shapes)).getMessage();
        assertTrue(message.contains("give one") && message.endsWith("."), message);
        return message;
    }

    @Test
    void whatCannotBeToldIsAnError() {
        assertTrue(refusal(Shapes.of(Configs.named("tiny-2t"))).contains("heads of width 32"));
        Shapes shapes = Shapes.of(Configs.named("s-2t"));
        shapes.byName.remove("pos_embed");
        assertTrue(refusal(shapes).contains("there is no pos_embed"));

        Shapes deep = Shapes.of(Configs.named("s-2t"));
        deep.byName.put("blocks.12.attn.qkv.bias", new long[] {1});
        assertTrue(refusal(deep).contains("depth 13 is not divisible by k = 2"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x_embedder.proj.weight",
                "pos_embed",
                "y_embedder.embedding_table.weight",
                "final_layer.1.linear.weight",
                "df_blocks.0.acc_mlp.0.weight"
            })
    void hostileShapesAreAnError(String name) {
        for (long[] shape : List.of(
                new long[] {},
                new long[] {0, 0, 0, 0},
                new long[] {1L << 40, 0},
                new long[] {0, 1L << 62, 0},
                new long[] {1L << 31, 0, 1L << 31, 0},
                new long[] {Integer.MAX_VALUE, Integer.MAX_VALUE, 0, Integer.MAX_VALUE})) {
            Shapes shapes = Shapes.of(Configs.named("s-2t"));
            shapes.byName.put(name, shape);
            refusal(shapes);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"blocks.999999.x", "blocks.99999999999.x.y", "df_blocks.4095.x.y"})
    void hostileNamesAreAnError(String name) {
        Shapes shapes = Shapes.of(Configs.named("s-2t"));
        shapes.byName.put(name, new long[] {1});
        if (name.contains("99999999999")) {
            assertEquals(Configs.named("s-2t"), inferred(shapes)); // no block: unexpected, as strict loading says
        } else {
            refusal(shapes);
        }
    }
}

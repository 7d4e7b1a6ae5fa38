package deepflow.io.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.SafetensorsFile;
import deepflow.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Map files: every operation by hand-computed results, every mistake by its sentence.
class TensorMapTest {
    @TempDir
    private Path folder;

    private TensorMap map(String json) throws IOException {
        return TensorMap.read(Files.writeString(folder.resolve("map.json"), json));
    }

    private static double[] count(int n) {
        return DoubleStream.iterate(0, i -> i + 1).limit(n).toArray();
    }

    private MappedTensors mapped(String json) throws IOException {
        Path file = folder.resolve("t.safetensors");
        new SafetensorsWriter()
                .metadata("producer", "me")
                .add("a/blocks_1/q", ElementType.F64, new long[] {2, 3}, count(6))
                .add("a/blocks_1/k", ElementType.F64, new long[] {2, 3}, new double[] {10, 11, 12, 13, 14, 15})
                .add("a/blocks_1/wide", ElementType.F32, new long[] {2, 4}, count(8))
                .add("y", ElementType.I64, new long[] {2, 1}, new long[] {3, 4})
                .add("m#0", ElementType.F64, new long[] {}, new double[] {7})
                .write(file);
        return map(json).of(SafetensorsFile.open(file));
    }

    @Test
    void namesAndLayoutsAreTranslated() throws IOException {
        try (MappedTensors t = mapped("""
                {"metadata": {"betas": [0.2, 1], "precision": "f32"},
                 "rename": [["^a/", "weight."], ["/", "."], ["blocks_{i}", "blocks.{i-1}"]],
                 "tensors": [
                   {"from": ["{m*}.q", "{m*}.k"], "to": "{m}.qk", "layout": "i o -> o i", "join": 0, "factor": 2},
                   {"from": "{m*}.wide", "to": ["{m}.left", "{m}.right"], "split": -1},
                   {"from": "y", "to": "in.y", "layout": "n 1 -> n"}
                 ]}""")) {
            assertEquals(
                    Set.of("weight.blocks.0.qk", "weight.blocks.0.left", "weight.blocks.0.right", "in.y", "m"),
                    t.names());
            assertArrayEquals(new long[] {6, 2}, t.info("weight.blocks.0.qk").shape());
            assertArrayEquals(
                    new double[] {0, 6, 2, 8, 4, 10, 20, 26, 22, 28, 24, 30}, t.readDoubles("weight.blocks.0.qk"));
            assertArrayEquals(new double[] {0, 1, 4, 5}, t.readDoubles("weight.blocks.0.left"));
            assertArrayEquals(new float[] {2, 3, 6, 7}, t.readFloats("weight.blocks.0.right"));
            assertArrayEquals(new long[] {3, 4}, t.readLongs("in.y"));
            assertArrayEquals(new double[] {7}, t.readDoubles("m"));
            assertEquals(Map.of("betas", "[0.2,1]", "precision", "f32", "producer", "me"), t.metadata());
            assertEquals(List.of("a/blocks_1/q", "a/blocks_1/k"), t.foreign("weight.blocks.0.qk"));
            assertEquals(ElementType.F32, t.info("weight.blocks.0.left").type());
        }
    }

    /// Joining on the last axis interleaves rows.
    @Test
    void joinsAlongTheLastAxisAndDrops() throws IOException {
        try (MappedTensors t = mapped("""
                {"tensors": [{"from": ["a/blocks_{i}/k", "a/blocks_{i}/q"], "to": "kq{i+4}", "join": -1},
                             {"from": "a/{x*}", "drop": true}]}""")) {
            assertEquals(Set.of("kq5", "y", "m"), t.names());
            assertArrayEquals(new double[] {10, 11, 12, 0, 1, 2, 13, 14, 15, 3, 4, 5}, t.readDoubles("kq5"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a b -> b a | | 2,3 | 3,2 | 0,3,1,4,2,5",
                "(h e) d -> h e d | h:2 | 4,1 | 2,2,1 | 0,1,2,3",
                "(c h e) -> (h c e) | c:3;h:2 | 6 | 6 | 0,2,4,1,3,5",
                "a 1 b -> (b a) 1 | | 2,1,2 | 4,1 | 0,2,1,3",
                "-> 1 | | | 1 | 0",
                "h w i o -> o i h w | | 1,2,2,2 | 2,2,1,2 | 0,4,2,6,1,5,3,7"
            })
    void layoutsAreThoseOfEinops(String text, String sizes, String from, String to, String order) {
        Map<String, Integer> given = new java.util.TreeMap<>();
        for (String size : sizes == null ? new String[0] : sizes.split(";")) {
            given.put(size.split(":")[0], Integer.valueOf(size.split(":")[1]));
        }
        Layout layout = Layout.parse(text, given);
        long[] shape = longs(from);
        assertArrayEquals(longs(to), layout.shape(shape));
        double[] expected = DoubleStream.of(doubles(order)).toArray();
        assertArrayEquals(expected, layout.rearrange(count(expected.length), shape));
    }

    private static long[] longs(String list) {
        return list == null
                ? new long[0]
                : DoubleStream.of(doubles(list)).mapToLong(d -> (long) d).toArray();
    }

    private static double[] doubles(String list) {
        return java.util.Arrays.stream(list.split(","))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{ | is not valid JSON",
                "[] | the map must be a JSON object",
                "{\"renames\": []} | has the unknown key \"renames\"; there are comment, metadata, rename, tensors",
                "{\"rename\": [[\"a\"]]} | rename 1 must be a list of two texts",
                "{\"rename\": [[\"{x*}\", \"b\"]]} | must say which part of a name it replaces",
                "{\"rename\": [[\"a{i}\", \"b{j}\"]]} | has {j}, which \"a{i}\" does not capture",
                "{\"rename\": [[\"a{i+1}\", \"b\"]]} | shifts a number in a name to look for",
                "{\"tensors\": [{\"to\": \"b\"}]} | tensors 1 lacks \"from\"",
                "{\"tensors\": [{\"from\": \"a\"}]} | tensors 1 lacks \"to\"",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"b\", \"transpose\": true}]} | unknown key \"transpose\"",
                "{\"tensors\": [{\"from\": \"a{\", \"to\": \"b\"}]} | has a brace that is no {number} and no {text*}",
                "{\"tensors\": [{\"from\": \"{a*}{b*}\", \"to\": \"b\"}]} | has two captures of any text",
                "{\"tensors\": [{\"from\": \"{a}{a}\", \"to\": \"b\"}]} | has {a} twice",
                "{\"tensors\": [{\"from\": [\"a\",\"b\"], \"to\": \"c\"}]} | tensors 1, join must be the number of an axis",
                "{\"tensors\": [{\"from\": [\"a\",\"b{i}\"], \"to\": \"c\", \"join\": 0}]} | must capture the same",
                "{\"tensors\": [{\"from\": [\"a\",\"b\"], \"to\": [\"c\",\"d\"], \"join\": 0}]} | joins and splits",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"join\": 0}]} | needs a list of names",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"factor\": 0}]} | a finite number other than 0",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"drop\": true}]} | nothing else to do with them",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"layout\": \"a b -> a\"}]} | same axes on both sides",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"layout\": \"(a b) -> a b\"}]} | give \"sizes\"",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"layout\": \"a a -> a a\"}]} | the axis a twice",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"layout\": \"(a -> a\"}]} | a parenthesis too few",
                "{\"tensors\": [{\"from\": \"a\", \"to\": \"c\", \"sizes\": {\"h\": 2}}]} | has sizes but no layout",
                "{\"comment\": 1, \"comment\": 2} | is not valid JSON"
            })
    void mistakesInAMapAreNamed(String json, String says) {
        FormatException e = assertThrows(FormatException.class, () -> map(json));
        assertTrue(e.getMessage().contains(says), e.getMessage());
        assertTrue(e.getMessage().startsWith(folder.resolve("map.json").toString()), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"from\": \"{m*}/q\", \"to\": \"y\"} | are both \"y\"",
                "{\"from\": [\"{m*}/q\", \"{m*}/v\"], \"to\": \"b\", \"join\": 0} | joined with \"a/blocks_1/v\"",
                "{\"from\": [\"{m*}/q\", \"{m*}/wide\"], \"to\": \"b\", \"join\": 0} | joins F64 and F32",
                "{\"from\": [\"{m*}/q\", \"{m*}/q\"], \"to\": \"b\", \"join\": 0} | joined with itself",
                "{\"from\": [\"{m*}/q\", \"{m*}/k\"], \"to\": \"b\", \"join\": 2} | names axis 2",
                "{\"from\": \"{m*}/q\", \"to\": [\"b\", \"c\"], \"split\": 1} | does not divide axis 1 of [2, 3] into 2",
                "{\"from\": \"{m*}/q\", \"to\": \"b\", \"layout\": \"a b c -> c b a\"} | has 3 axes on its left",
                "{\"from\": \"y\", \"to\": \"b\", \"layout\": \"n m -> (n m)\", \"factor\": 2} | multiplies integers",
                "{\"from\": \"a/blocks_{i}/q\", \"to\": \"b{i-2}\"} | makes the number -1 of 1"
            })
    void rulesThatDoNotFitTheirTensorsAreNamed(String rule, String says) {
        FormatException e = assertThrows(FormatException.class, () -> mapped("{\"tensors\": [" + rule + "]}"));
        assertTrue(e.getMessage().contains(says), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    @Test
    void hugeNamesAndOtherMetadataAreRefused() {
        String grow = "[\"a\", \"" + "a".repeat(900) + "\"],";
        assertThrows(FormatException.class, () -> mapped("{\"rename\": [" + grow.repeat(9) + "[\"x\", \"y\"]]}"));
        assertThrows(FormatException.class, () -> mapped("{\"metadata\": {\"producer\": \"you\"}}"));
    }
}

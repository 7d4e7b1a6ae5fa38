package deepflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.equation.AccelerationMlp;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigJsonTest {
    /// As `json.dumps` of the peer writes it.
    private static final String TINY = """
            {"size": 8, "patch": 2, "channels": 4, "classes": 10, "width": 32, "depth": 4, "heads": 2, "k": 2, "acc": 48}""";

    private static String with(String more) {
        return TINY.substring(0, TINY.length() - 1) + ", " + more + "}";
    }

    private static String where(String key, String value) {
        return TINY.replaceAll("\"" + key + "\": \\d+", "\"" + key + "\": " + value);
    }

    private static String refusal(String json) {
        String message = assertThrows(IllegalArgumentException.class, () -> ConfigJson.parse(json))
                .getMessage();
        assertFalse(message.isBlank() || message.contains("\n") || message.endsWith("."), message);
        assertFalse(message.contains("tools.jackson") || message.contains("Source:"), message);
        assertTrue(message.length() < 600, message);
        return message;
    }

    @Test
    void requiredNumbersAreEnough() {
        assertEquals(ModelConfig.deepflow(8, 2, 4, 10, 32, 4, 2, 2, 48), ConfigJson.parse(TINY));
    }

    @Test
    void everyOptionIsRead() {
        ModelConfig c = ConfigJson.parse(with("""
                        "keys": [3], "clamp": true, "qk_norm": true, "ssl_dim": 5, "learn_sigma": true, "design": "additive",
                        "time_gap": false, "acceleration": true, "cross_space": false, "acc_form": "shallow", "model": "deepflow"
                        """));
        assertEquals(
                new ModelConfig(
                        8,
                        2,
                        4,
                        10,
                        32,
                        4,
                        2,
                        2,
                        48,
                        ModelConfig.Kind.DEEPFLOW,
                        List.of(3),
                        true,
                        true,
                        5,
                        true,
                        ModelConfig.Design.ADDITIVE,
                        new ModelConfig.VeraParts(false, true, false),
                        AccelerationMlp.Form.SHALLOW),
                c);
        ModelConfig sit = ConfigJson.parse(where("k", "1").replace("}", ", \"model\": \"sit\"}"));
        assertEquals(ModelConfig.Kind.SIT, sit.kind());
    }

    @Test
    void theSwitchesAreNotMixedUp() {
        assertEquals(
                new ModelConfig.VeraParts(false, true, true),
                ConfigJson.parse(with("\"time_gap\": false")).parts());
        assertEquals(
                new ModelConfig.VeraParts(true, false, true),
                ConfigJson.parse(with("\"acceleration\": false")).parts());
        assertEquals(
                new ModelConfig.VeraParts(true, true, false),
                ConfigJson.parse(with("\"cross_space\": false")).parts());
        assertTrue(ConfigJson.parse(with("\"clamp\": true")).clamp());
        assertTrue(ConfigJson.parse(with("\"qk_norm\": true")).qkNorm());
        assertTrue(ConfigJson.parse(with("\"learn_sigma\": true")).learnSigma());
    }

    @Test
    void aLastKeyLayerAtTheEndIsTolerated() {
        assertEquals(List.of(3), ConfigJson.parse(with("\"keys\": [3, 4]")).keys());
        assertEquals(List.of(3), ConfigJson.parse(with("\"keys\": [3]")).keys());
        assertEquals(
                List.of(),
                ConfigJson.parse(where("k", "1").replace("}", ", \"keys\": [4]}"))
                        .keys());
        refusal(with("\"keys\": [4]"));
        refusal(with("\"keys\": [1, 3]"));
        refusal(with("\"keys\": [1, 4, 4]"));
        refusal(with("\"keys\": []"));
        refusal(with("\"keys\": [0]"));
    }

    @Test
    void keyLayersMayMakeUnequalBranches() {
        String uneven = where("depth", "5");
        assertTrue(refusal(uneven).contains("depth 5 is not divisible by k = 2"));
        assertEquals(
                List.of(2),
                ConfigJson.parse(uneven.replace("}", ", \"keys\": [2]}")).keys());
    }

    @Test
    void writingLeavesOutWhatIsUsual() {
        assertEquals(TINY.replace(" ", ""), ConfigJson.write(ConfigJson.parse(TINY)));
        assertEquals(
                TINY.replace(" ", "").replace("}", ",\"keys\":[3],\"clamp\":true,\"acc_form\":\"shallow\"}"),
                ConfigJson.write(
                        ConfigJson.parse(with("\"acc_form\": \"shallow\", \"clamp\": true, \"keys\": [3, 4]"))));
    }

    @Test
    void writingIsTheInverseOfReading() {
        for (ModelConfig c : everyCombination()) {
            String json = ConfigJson.write(c);
            assertEquals(c, ConfigJson.parse(json), json);
            assertEquals(json, ConfigJson.write(ConfigJson.parse(json)));
        }
    }

    private static List<ModelConfig> everyCombination() {
        List<ModelConfig> all = new ArrayList<>();
        for (int bits = 0; bits < 1 << 10; bits++) {
            int b = bits;
            IntPredicate bit = i -> (b >> i & 1) != 0;
            int k = bit.test(9) ? 1 : 3;
            all.add(new ModelConfig(
                    12,
                    3,
                    3,
                    7,
                    40,
                    6,
                    5,
                    k,
                    56,
                    k == 1 && bit.test(8) ? ModelConfig.Kind.SIT : ModelConfig.Kind.DEEPFLOW,
                    k == 1 ? List.of() : bit.test(8) ? List.of(1, 5) : List.of(2, 4),
                    bit.test(0),
                    bit.test(1),
                    bit.test(2) ? 9 : 0,
                    bit.test(3),
                    bit.test(4) ? ModelConfig.Design.FULL : ModelConfig.Design.ADDITIVE,
                    new ModelConfig.VeraParts(bit.test(5), bit.test(6), bit.test(7)),
                    bit.test(3) ? AccelerationMlp.Form.DEEP : AccelerationMlp.Form.SHALLOW));
        }
        return all;
    }

    @Test
    void unknownAndMissingKeysAreNamed() {
        String message = refusal(with("\"widht\": 3, \"__proto__\": {\"a\": [[]]}"));
        assertTrue(message.contains("'widht', '__proto__'"), message);
        assertTrue(refusal(TINY.replace("\"width\": 32, ", "")).contains("lacks 'width'"));
        assertTrue(refusal("{}").contains("lacks 'size', 'patch', 'channels'"));
        assertTrue(refusal(with("\"width\": 32")).contains("'width' twice"));
        assertTrue(refusal(with("\"\\u0000\\u001b[31m\\u2028\": 1")).contains("'??[31m?'"));
        assertFalse(refusal(with("\"" + "x".repeat(5000) + "\": 1")).contains("x".repeat(100)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2147483648",
                "-2147483649",
                "-1",
                "0",
                "1000000000",
                "2147483647",
                "1e9",
                "1e999999999",
                "4.0",
                "4.5",
                "\"4\"",
                "true",
                "null",
                "[4]",
                "{\"a\": 4}",
                "123456789012345678901234567890"
            })
    void noNumberButASmallPositiveIntegerIsADepth(String depth) {
        String message = refusal(where("depth", depth));
        assertTrue(message.contains("depth"), message);
        refusal(where("k", depth));
        refusal(where("width", depth));
    }

    /// Each of these is in the range of its own key, but some tensor could not be held.
    @Test
    void numbersThatOnlyTogetherAreTooLargeAreRefused() {
        refusal(where("classes", "16777216").replace("\"width\": 32", "\"width\": 8192"));
        refusal(where("size", "16384").replace("\"patch\": 2", "\"patch\": 16384"));
        refusal(where("size", "16384").replace("\"patch\": 2", "\"patch\": 1"));
        refusal(where("size", "16384").replace("\"channels\": 4", "\"channels\": 16384"));
        refusal(where("depth", "2147483647").replace("\"k\": 2", "\"k\": 2147483647"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "clamp | 1",
                "clamp | null",
                "clamp | \"true\"",
                "ssl_dim | true",
                "ssl_dim | -1",
                "ssl_dim | 1.5",
                "design | 1",
                "design | \"Full\"",
                "design | \"half\"",
                "model | \"DiT\"",
                "model | [\"sit\"]",
                "acc_form | null",
                "keys | 2",
                "keys | [\"2\"]",
                "keys | [2.0]",
                "keys | [[2]]",
                "keys | [{\"a\": 2}]",
                "keys | [null]",
                "keys | [99999999999]",
                "model | \"sit\"",
                "time_gap | 0",
            })
    void optionsOfAWrongTypeAreRefused(String key, String value) {
        refusal(with("\"" + key + "\": " + value));
    }

    @Test
    void messagesSayWhatWasExpectedAndFound() {
        assertEquals(
                "the configuration needs 'full' or 'additive' for 'design', got 'half'",
                refusal(with("\"design\": \"half\"")));
        assertEquals("the configuration needs an integer for 'depth', got 4.5", refusal(where("depth", "4.5")));
        assertEquals(
                "the configuration needs an integer for 'depth', got 2147483648, which is out of range",
                refusal(where("depth", "2147483648")));
        assertEquals(
                "the configuration needs a list of integers for 'keys', got [1, 'x', a list]",
                refusal(with("\"keys\": [1, \"x\", [2]]")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[]",
                "null",
                "3",
                "\"{}\"",
                "{\"size\": 8,}",
                "{'size': 8}",
                "{\"size\": 08}",
                "{\"size\"}",
                "{\"size\":",
                "{\"keys\": [",
                "{\"keys\": {\"a\"",
                "// x\n{}",
                "{\"size\": NaN}",
                "\uFEFF{}",
                "{\"size\": \"\uD800\"}"
            })
    void whatIsNotAJsonObjectIsRefused(String json) {
        refusal(json);
    }

    @Test
    void textBehindTheObjectIsRefused() {
        assertTrue(refusal(TINY + " {}").contains("behind its closing brace"));
        refusal(TINY + " x");
        refusal(TINY + TINY);
        ConfigJson.parse(" \n" + TINY + " \n");
    }

    @Test
    void hostileTextsEndInASentence() {
        refusal("[".repeat(60_000));
        refusal("{\"a\":".repeat(12_000));
        refusal(with("\"keys\": " + "[".repeat(30_000) + "]".repeat(30_000)));
        refusal(with("\"keys\": [" + "1, ".repeat(20_000) + "1]"));
        refusal(where("depth", "9".repeat(60_000)));
        refusal(TINY + " ".repeat(1 << 16));
        StringBuilder many = new StringBuilder("{\"a\": 1");
        for (int i = 0; i < 5_000; i++) {
            many.append(", \"k").append(i).append("\": 1");
        }
        assertTrue(refusal(many.append('}').toString()).contains("and 4991 more"));
    }
}

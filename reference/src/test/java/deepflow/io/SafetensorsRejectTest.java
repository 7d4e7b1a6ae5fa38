package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every way in which a safetensors file may be wrong, each with its reason in the message.
class SafetensorsRejectTest {
    private static final String NOT_JSON = "not valid JSON";

    @TempDir
    Path folder;

    static Stream<Arguments> files() {
        String ok = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]";
        return Stream.of(
                bad("7 bytes", new byte[7], "7 bytes, too few"),
                bad("empty", new byte[0], "0 bytes, too few"),
                bad("N over the limit", length(100_000_001), "100000001 bytes, more than the 100000000"),
                bad("N of 2^64 - 1", length(-1), "18446744073709551615 bytes, more than"),
                bad("N beyond the file", length(99_999_999), "99999999 bytes, but only 0 bytes follow"),
                bad("N = 0", length(0), "header is empty"),
                bad("not UTF-8", raw(new byte[] {'{', '"', (byte) 0xC0, (byte) 0x80, '"'}), "not UTF-8 (byte 10)"),
                bad("cut UTF-8", raw(new byte[] {'{', '}', (byte) 0xE2, (byte) 0x82}), "not UTF-8 (byte 10)"),
                bad("surrogate as UTF-8", raw(new byte[] {'{', (byte) 0xED, (byte) 0xA0, (byte) 0x80}), "not UTF-8"),
                bad("UTF-16", raw("{}".getBytes(StandardCharsets.UTF_16LE)), NOT_JSON),
                bad("byte-order mark", header("\uFEFF{}"), "byte-order mark"),
                bad("mark after a blank", header(" \uFEFF{}"), NOT_JSON),
                bad("not JSON", header("hello"), NOT_JSON),
                bad("blanks only", header("   "), "ends too early"),
                bad("cut JSON", header("{\"a\":"), "ends too early"),
                bad("root list", header("[]"), "must be a JSON object, but begins with a list"),
                bad("root text", header("\"x\""), "must be a JSON object"),
                bad("trailing comma", one(ok + ","), NOT_JSON),
                bad("comment", header("{/* */}"), NOT_JSON),
                bad("line comment", header("{} // x"), NOT_JSON),
                bad("single quotes", header("{'a':1}"), NOT_JSON),
                bad("NaN", one(ok + ",\"x\":NaN"), NOT_JSON),
                bad("raw control", one(ok + ",\"x\":\"\u0001\""), NOT_JSON),
                bad("lone surrogate", header("{\"__metadata__\":{\"a\":\"\\ud800\"}}"), "surrogate"),
                bad("lone surrogate key", header("{\"__metadata__\":{\"\\udc00\":\"\"}}"), "surrogate"),
                bad("lone surrogate in extra", one(ok + ",\"x\":[\"\\ud800\"]"), "surrogate"),
                bad("deep nesting", one(ok + ",\"x\":" + "[".repeat(100_000)), "nests deeper"),
                bad("deep objects", one(ok + ",\"x\":" + "{\"a\":".repeat(100_000)), "nests deeper"),
                bad("endless number", one(ok + ",\"x\":" + "1".repeat(100_000)), "endless number"),
                bad("NUL padding", header("{}\0\0"), NOT_JSON),
                bad("rubbish after", header("{} x"), NOT_JSON),
                bad("two objects", header("{}{}"), "goes on after"),
                bad("duplicate tensor", Raw.safetensors("{\"a\":{" + ok + "},\"a\":{" + ok + "}}", 8), "\"a\" twice"),
                bad("duplicate metadata", header("{\"__metadata__\":{},\"__metadata__\":{}}"), "twice"),
                bad("duplicate text", header("{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}"), "\"k\" twice"),
                bad("dtype twice", one(ok + ",\"dtype\":\"F32\""), "dtype twice for the tensor \"a\""),
                bad("shape twice", one(ok + ",\"shape\":[2]"), "shape twice"),
                bad("offsets twice", one(ok + ",\"data_offsets\":[0,8]"), "data_offsets twice"),
                bad("extra twice", one(ok + ",\"x\":1,\"x\":1"), "\"x\" twice"),
                bad("twice inside extra", one(ok + ",\"x\":{\"y\":1,\"y\":1}"), "\"y\" twice"),
                bad("no dtype", one("\"shape\":[2],\"data_offsets\":[0,8]"), "no dtype for the tensor \"a\""),
                bad("no shape", one("\"dtype\":\"F32\",\"data_offsets\":[0,8]"), "no shape"),
                bad("no offsets", one("\"dtype\":\"F32\",\"shape\":[2]"), "no data_offsets"),
                bad("tensor is a list", header("{\"a\":[]}"), "must be an object"),
                bad("tensor is null", header("{\"a\":null}"), "null for the tensor \"a\""),
                bad("unknown dtype", tensor("F128", "[2]", "[0,8]", 8), "unknown dtype \"F128\""),
                bad("lower case", tensor("f32", "[2]", "[0,8]", 8), "unknown dtype \"f32\""),
                bad("F8", tensor("F8_E4M3", "[8]", "[0,8]", 8), "F8_E4M3", "not supported"),
                bad("F4", tensor("F4", "[16]", "[0,8]", 8), "not supported"),
                bad("F6", tensor("F6_E2M3", "[16]", "[0,12]", 12), "not supported"),
                bad("C64", tensor("C64", "[1]", "[0,8]", 8), "not supported"),
                bad("dtype is a number", one("\"dtype\":1"), "must be a text"),
                bad("shape is a number", tensor("F32", "2", "[0,8]", 8), "must be a list"),
                bad("negative", tensor("F32", "[-2]", "[0,8]", 8), "negative dimension \"-2\""),
                bad("minus zero", tensor("F32", "[-0]", "[0,0]", 0), "negative dimension"),
                bad("fraction", tensor("F32", "[2.0]", "[0,8]", 8), "whole number"),
                bad("exponent", tensor("F32", "[2e0]", "[0,8]", 8), "whole number"),
                bad("leading zero", tensor("F32", "[02]", "[0,8]", 8), NOT_JSON),
                bad("dimension as text", tensor("F32", "[\"2\"]", "[0,8]", 8), "whole number"),
                bad("over 2^64", tensor("F32", "[0,18446744073709551616]", "[0,0]", 0), "more than 2^63 - 1"),
                bad("count overflow", tensor("U8", "[4294967296,4294967296]", "[0,0]", 0), "overflows"),
                bad("overflow before zero", tensor("U8", "[4294967296,4294967296,0]", "[0,0]", 0), "overflows"),
                bad("byte overflow", tensor("F64", "[4611686018427387904]", "[0,0]", 0), "overflows"),
                bad("wraps to 8", tensor("F64", "[2305843009213693953]", "[0,8]", 8), "overflows"),
                bad("one offset", tensor("F32", "[2]", "[8]", 8), "1 data_offsets instead of two"),
                bad("three offsets", tensor("F32", "[2]", "[0,8,8]", 8), "3 data_offsets"),
                bad("negative offset", tensor("F32", "[2]", "[-8,0]", 8), "negative offset"),
                bad("end < begin", tensor("F32", "[2]", "[8,0]", 8), "before it begins"),
                bad("begin > 0", tensor("F32", "[2]", "[4,12]", 12), "hole after byte 0"),
                bad("size", tensor("F32", "[3]", "[0,8]", 8), "needs 12 bytes", "span 8"),
                bad("hole", two("[0,4]", "[8,12]", 12), "\"b\"", "hole after byte 4"),
                bad("overlap", two("[0,4]", "[2,6]", 6), "\"b\"", "overlaps"),
                bad("same place", two("[0,4]", "[0,4]", 4), "overlaps"),
                bad("too short", tensor("F32", "[2]", "[0,8]", 7), "7 bytes of data", "too short"),
                bad("too long", tensor("F32", "[2]", "[0,8]", 9), "9 bytes of data", "too long"),
                bad("data without tensors", Raw.safetensors("{}", 1), "too long"),
                bad("metadata number", header("{\"__metadata__\":{\"a\":1}}"), "the metadata \"a\"", "a text"),
                bad("metadata list", header("{\"__metadata__\":[]}"), "must be an object"),
                bad("tensor __metadata__", header("{\"__metadata__\":{" + ok + "}}"), "__metadata__", "a text"),
                bad("zip", "PK\3\4\24\0\0\0\b\0xxxxxxxxxxxx".getBytes(StandardCharsets.ISO_8859_1), "save_file"),
                bad("zip that is a length", zipOfNoVersion(), "save_file"),
                bad("pickle", "\u0080\2}q\0(X\1\0\0\0wq".getBytes(StandardCharsets.ISO_8859_1), "pickle", "save_file"),
                bad("npy", "\u0093NUMPY\1\0v\0{'descr'".getBytes(StandardCharsets.ISO_8859_1), ".npy"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void isRejectedWithItsReason(String name, byte[] content, String[] words) {
        Path file = Raw.put(folder, "x.safetensors", content);
        String message = Raw.fails(() -> SafetensorsFile.open(file).close(), words);
        assertTrue(message.startsWith(file.toString()), message);
    }

    @Test
    void aLongNameIsCutAndAHostileOneEscaped() {
        String name = "\\u001b[31m\\n\\u202e" + "n".repeat(60_000);
        Path file = Raw.put(folder, "x.safetensors", Raw.safetensors("{\"" + name + "\":{}}", 0));
        Raw.fails(() -> SafetensorsFile.open(file), "\\u001b[31m\\u000a\\u202ennn", "… (60007 characters)");
    }

    @Test
    void aHostilePathIsEscaped() {
        Path file = Raw.put(folder, "a\n\u001bb", new byte[3]);
        Raw.fails(() -> SafetensorsFile.open(file), "a\\u000a\\u001bb has 3 bytes");
    }

    @Test
    void whatIsNoRegularFileIsTurnedAway() {
        Raw.fails(() -> SafetensorsFile.open(folder), "is a folder");
        Raw.fails(() -> TensorSource.open(folder.resolve("none")), "does not exist");
        Raw.fails(() -> SafetensorsFile.open(folder.resolve("none")), "does not exist");
        if (java.nio.file.Files.exists(Path.of("/dev/zero"))) {
            Raw.fails(() -> SafetensorsFile.open(Path.of("/dev/zero")), "device");
        }
    }

    private static Arguments bad(String name, byte[] content, String... words) {
        return Arguments.of(name, content, words);
    }

    private static byte[] header(String header) {
        return Raw.safetensors(header, 0);
    }

    private static byte[] raw(byte[] header) {
        return Raw.safetensors(header, 0);
    }

    private static byte[] one(String fields) {
        return Raw.safetensors("{\"a\":{" + fields + "}}", 8);
    }

    private static byte[] tensor(String dtype, String shape, String offsets, int data) {
        return Raw.safetensors(
                "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}", data);
    }

    private static byte[] two(String a, String b, int data) {
        String rest = "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":";
        return Raw.safetensors("{\"b\":{" + rest + b + "},\"a\":{" + rest + a + "}}", data);
    }

    private static byte[] length(long n) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(n).array();
    }

    /// The first 8 bytes are a possible length, 67 MB, and the file is that long.
    private static byte[] zipOfNoVersion() {
        byte[] file = new byte[0x04034B50 + 8];
        System.arraycopy(length(0x04034B50), 0, file, 0, 8);
        return file;
    }
}

package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// npy and npz: what is rejected, and the bytes that are written.
class NpyTest {
    private static final String GOOD = "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void everyVersion(int version) {
        assertArrayEquals(
                new long[] {0x0201, 0x0403},
                read(version, GOOD + "  \n", 1, 2, 3, 4).toLongs());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "`` ; a '{' should be here",
                "{} ; lacks one of the keys",
                "{'descr': '<u2', 'fortran_order': False, } ; lacks one of the keys",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), 'x': 1} ; unknown key",
                "{'descr': '<u2', 'descr': '<u2', 'fortran_order': False, 'shape': (2,)} ; twice",
                "{'descr': '|O', 'fortran_order': False, 'shape': (2,)} ; Python objects",
                "{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (2,)} ; structured",
                "{'descr': '<c8', 'fortran_order': False, 'shape': (2,)} ; not supported",
                "{'descr': '<U5', 'fortran_order': False, 'shape': (2,)} ; not supported",
                "{'descr': '=u2', 'fortran_order': False, 'shape': (2,)} ; not supported",
                "{'descr': '|u2', 'fortran_order': False, 'shape': (2,)} ; not supported",
                "{'descr': '', 'fortran_order': False, 'shape': (2,)} ; not supported",
                "{'descr': <u2, 'fortran_order': False, 'shape': (2,)} ; no text where descr",
                "{'descr': '<u2, ; does not end",
                "{'descr': '<\\x752', 'fortran_order': False, 'shape': (2,)} ; an escape",
                "{'descr': '<u2', 'fortran_order': 0, 'shape': (2,)} ; neither True nor False",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (2)} ; number instead of a tuple",
                "{'descr': '<u2', 'fortran_order': False, 'shape': [2]} ; '(' should be",
                "{'descr': '<u2', 'fortran_order': False, 'shape': 2} ; '(' should be",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (-2,)} ; not a whole number",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (2.0,)} ; lacks a comma",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (02,)} ; not a whole number",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (,)} ; not a whole number",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (1 2)} ; lacks a comma",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (9223372036854775808,)} ; more than 2^63",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (4294967296, 4294967296)} ; overflows",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (2,)} x ; goes on after",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (2,) ; '}' should be here",
                "{'descr': '<u2' 'fortran_order': False, 'shape': (2,)} ; '}' should be here",
                "__import__('os') ; '{' should be here",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (3,)} ; needs 6 bytes",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (1,)} ; too long",
                "{'descr': '<u2', 'fortran_order': False, 'shape': (3000000000,)} ; too short",
            })
    void aBadHeaderIsRejected(String header, String word) {
        Raw.fails(() -> read(1, header, 1, 2, 3, 4), word);
    }

    @Test
    void badBeginningsAreRejected() {
        Raw.fails(() -> read(4, GOOD, 1, 2, 3, 4), "npy version 4.0");
        Raw.fails(() -> read(0, GOOD, 1, 2, 3, 4), "npy version 0.0");
        Raw.fails(() -> read(2, GOOD + " ".repeat(10_000), 1, 2, 3, 4), "more than the 10000 allowed");
        Raw.fails(() -> read(1, GOOD.replace("2,", "1, ".repeat(65))), "more than 64 dimensions");
        byte[] whole = Raw.npy(2, GOOD, new byte[4]);
        for (int length = 0; length < whole.length; length++) {
            Path cut = Raw.put(folder, "x.npy", java.util.Arrays.copyOf(whole, length));
            Raw.fails(() -> Npy.read(cut), "x.npy");
        }
    }

    @Test
    void theBytesWrittenAreKnown() throws IOException {
        NpyArray array = NpyArray.of(ElementType.F32, new long[] {2}, new double[] {1, -2});
        Npy.write(folder.resolve("x.npy"), array);
        byte[] expected = Raw.npy(
                1,
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }" + " ".repeat(60) + "\n",
                new byte[] {0, 0, (byte) 0x80, 0x3F, 0, 0, 0, (byte) 0xC0});
        assertArrayEquals(expected, Files.readAllBytes(folder.resolve("x.npy")));
        assertEquals(0, (expected.length - 8) % 64);
    }

    @Test
    void arraysAreJudgedWhenMade() {
        Raw.fails(() -> NpyArray.of(ElementType.BF16, new long[0], new double[1]), "no BF16");
        Raw.fails(() -> NpyArray.of(ElementType.F32, new long[] {3}, new double[1]), "[3]");
        Raw.fails(() -> NpyArray.of(ElementType.F32, new long[] {-1, -1}, new double[1]), "negative");
        Raw.fails(() -> NpyArray.of(ElementType.U8, new long[] {1}, new long[] {256}), "element 0 is 256");
        Raw.fails(() -> NpyArray.of(ElementType.U8, new long[] {2}, new double[] {0, .5}), "element 1 is 0.5");
    }

    @Test
    void npzRoundTripIsDeterministic() throws IOException {
        NpyArray a = NpyArray.of(ElementType.I64, new long[] {2}, new long[] {5, -6});
        NpyArray b = NpyArray.of(ElementType.F16, new long[0], new double[] {0.5});
        Npz.write(folder.resolve("1.npz"), new java.util.TreeMap<>(Map.of("b", b, "a", a)));
        Npz.write(folder.resolve("2.npz"), new java.util.TreeMap<>(Map.of("b", b, "a", a)).descendingMap());
        assertArrayEquals(Files.readAllBytes(folder.resolve("1.npz")), Files.readAllBytes(folder.resolve("2.npz")));
        Map<String, NpyArray> read = Npz.read(folder.resolve("1.npz"));
        assertEquals(List.of("a", "b"), List.copyOf(read.keySet()));
        assertArrayEquals(new long[] {5, -6}, read.get("a").toLongs());
        assertArrayEquals(new float[] {0.5f}, read.get("b").toFloats());
        Raw.fails(() -> Npz.write(folder.resolve("3.npz"), Map.of("../x", a)), "an array named \"../x\"");
    }

    @Test
    void aBombIsRejectedBeforeItExpands() throws IOException {
        byte[] zeros = Raw.npy(1, GOOD.replace("2,", "50000000,"), new byte[100_000_000]);
        Path bomb = zip("a.npy", zeros);
        assertEquals(true, Files.size(bomb) < 200_000);
        Raw.fails(() -> Npz.read(bomb), "bomb.npz expands to more than the");
        assertEquals(50_000_000, Npz.read(bomb, 200_000_000).get("a").elements());
    }

    @Test
    void aClaimBeyondDeflateIsRejected() throws IOException {
        Path file = zip("a.npy", Raw.npy(1, GOOD, new byte[4]));
        byte[] bytes = Files.readAllBytes(file);
        // The uncompressed size of the only entry in the central directory, 24 bytes after its signature.
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("PK\1\2") + 24;
        bytes[at + 3] = 0x70;
        Path lie = Raw.put(folder, "lie.npz", bytes);
        Raw.fails(() -> Npz.read(lie, Long.MAX_VALUE), "claims to expand", "which cannot be");
        bytes[at + 3] = 0;
        bytes[at]++;
        Path small = Raw.put(folder, "small.npz", bytes);
        Raw.fails(() -> Npz.read(small), "small.npz");
    }

    @Test
    void aDamagedEntryIsRejected() throws IOException {
        Npz.write(folder.resolve("x.npz"), Map.of("a", NpyArray.of(ElementType.U8, new long[] {1}, new long[] {0x77})));
        byte[] bytes = Files.readAllBytes(folder.resolve("x.npz"));
        bytes[new String(bytes, StandardCharsets.ISO_8859_1).indexOf("w")] ^= 1;
        Path damaged = Raw.put(folder, "d.npz", bytes);
        Raw.fails(() -> Npz.read(damaged), "\"a\" is damaged");
    }

    @Test
    void badEntryNamesAreRejected() throws IOException {
        for (String name : List.of("../a.npy", "/a.npy", "a.txt", "a\\b.npy", "a/../b.npy")) {
            Path file = zip(name, Raw.npy(1, GOOD, new byte[4]));
            Raw.fails(() -> Npz.read(file), "which is no array's name");
        }
        Path text = Raw.put(folder, "x.npz", new byte[100]);
        Raw.fails(() -> Npz.read(text), "cannot be read as a npz (zip) file");
    }

    private NpyArray read(int version, String header, int... data) {
        byte[] bytes = new byte[data.length];
        for (int i = 0; i < data.length; i++) {
            bytes[i] = (byte) data[i];
        }
        return Npy.read(Raw.put(folder, "x.npy", Raw.npy(version, header, bytes)));
    }

    private Path zip(String name, byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry(name));
            zip.write(content);
        }
        return Raw.put(folder, "bomb.npz", out.toByteArray());
    }
}

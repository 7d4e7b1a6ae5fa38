package deepflow.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.FormatException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DigitsTest {
    private static final Path TESTDATA = Path.of("..", "testdata");

    @TempDir
    Path folder;

    @Test
    void allDigitsAreThereWithinTheirRange() {
        DataSet digits = new DataSets(TESTDATA).open("digits", 10, null);
        assertEquals(1797, digits.count());
        int[] classes = new int[10];
        double least = 1;
        double most = -1;
        for (int i = 0; i < digits.count(); i++) {
            classes[digits.label(i)]++;
            double[] image = digits.image(i, 1, 0);
            assertEquals(64, image.length);
            least = Math.min(least, Arrays.stream(image).min().orElseThrow());
            most = Math.max(most, Arrays.stream(image).max().orElseThrow());
        }
        assertEquals(-1, least);
        assertEquals(1, most);
        // the counts that scikit-learn's documentation gives
        assertEquals("[178, 182, 177, 183, 181, 182, 181, 179, 174, 180]", Arrays.toString(classes));
    }

    @Test
    void aLineIsOneDigitRowByRow() throws IOException {
        String cells = "0,16,8" + ",4".repeat(61);
        Digits one = Digits.read(gzip(cells + ",7\n"));
        assertEquals(7, one.label(0));
        double[] image = one.image(0, 0, 0);
        assertEquals(-1, image[0]);
        assertEquals(1, image[1]);
        assertEquals(0, image[2]);
        assertEquals(-0.5, image[63]);
    }

    @Test
    void aWrongLineIsNamed() throws IOException {
        refused("17" + ",0".repeat(63) + ",1\n", "line 1 has '17' where a number from 0 to 16");
        refused("0" + ",0".repeat(63) + ",10\n", "line 1 has '10' where a number from 0 to 9");
        refused("0" + ",0".repeat(62) + ",1\n", "line 1 has 64 numbers instead of 65");
        refused("x" + ",0".repeat(63) + ",1\n", "'x'");
        refused("", "no digits");
        Path plain = Files.writeString(folder.resolve("plain"), "0,0");
        assertTrue(assertThrows(FormatException.class, () -> Digits.read(plain))
                .getMessage()
                .contains("gzip"));
    }

    @Test
    void anUnknownNameListsTheKnown() {
        FormatException e =
                assertThrows(FormatException.class, () -> new DataSets(TESTDATA).open("digit", 10, null));
        assertTrue(e.getMessage().contains("digits, checkerboard, moons, gaussians"), e.getMessage());
        assertThrows(FormatException.class, () -> new DataSets(null).open("digits", 10, null));
        assertThrows(FormatException.class, () -> new DataSets(null).open("moons", 10, folder));
    }

    private void refused(String lines, String part) throws IOException {
        Path file = gzip(lines);
        FormatException e = assertThrows(FormatException.class, () -> Digits.read(file));
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    private Path gzip(String text) throws IOException {
        Path file = folder.resolve("digits.csv.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return file;
    }
}

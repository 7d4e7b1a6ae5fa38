package deepflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.random.KeyedRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LatentsTest {
    private static final String LABELS = "{\"labels\": [[\"00000/b.npy\", 3], [\"00000/a.npy\", 1]]}";

    @TempDir
    Path folder;

    @BeforeEach
    void twoSamples() throws IOException {
        Files.createDirectories(folder.resolve("00000"));
        moments("00000/a.npy", new long[] {4, 3, 3}, 0);
        moments("00000/b.npy", new long[] {4, 3, 3}, 100);
        Files.writeString(folder.resolve("dataset.json"), LABELS);
    }

    @Test
    void aSampleIsMeanPlusNoiseScaled() {
        Latents set = Latents.open(folder, 10, null);
        assertEquals(2, set.count());
        assertEquals(2, set.channels());
        assertEquals(3, set.side());
        assertEquals(3, set.label(0));
        assertEquals(1, set.label(1));
        double[] z = set.image(1, 7, 5);
        double[] n = new double[18];
        KeyedRandom.of(7, "latent", 5 * 2 + 1).gaussians(n);
        for (int i = 0; i < 18; i++) {
            assertEquals((i + (18 + i) * n[i]) * 0.18215, z[i], 1e-12);
        }
    }

    @Test
    void everyVisitHasItsOwnNoiseAndRepeatsIt() {
        Latents set = Latents.open(folder, 10, null);
        assertArrayEquals(set.image(0, 1, 0), set.image(0, 1, 0));
        assertFalse(Arrays.equals(set.image(0, 1, 0), set.image(0, 1, 1)));
        assertFalse(Arrays.equals(set.image(0, 1, 0), set.image(0, 2, 0)));
    }

    @Test
    void featuresHaveTheNamesOfTheMoments(@TempDir Path features) throws IOException {
        Files.createDirectories(features.resolve("00000"));
        for (String name : new String[] {"00000/a.npy", "00000/b.npy"}) {
            Npy.write(features.resolve(name), NpyArray.of(ElementType.F32, new long[] {2, 3}, new double[] {
                1, 2, 3, 4, 5, 6
            }));
        }
        Latents set = Latents.open(folder, 10, features);
        assertEquals(2, set.featureTokens());
        assertEquals(3, set.featureWidth());
        assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6}, set.features(1));
        assertThrows(UnsupportedOperationException.class, () -> Latents.open(folder, 10, null)
                .features(0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"labels\": [[\"00000/a.npy\", 1]]} | b.npy has no label in dataset.json",
                "{\"labels\": [[\"00000/a.npy\", 10], [\"00000/b.npy\", 1]]} | the label 10; labels are from 0 to 9",
                "{\"labels\": [[\"00000/a.npy\", -1], [\"00000/b.npy\", 1]]} | the label -1; labels are from 0 to 9",
                "{\"labels\": [[\"00000/a.npy\", 99999999999999999999], [\"00000/b.npy\", 1]]} | labels are from 0 to 9",
                "{\"labels\": [[\"00000/a.npy\", 1.5]]} | no whole number as the label of 00000/a.npy",
                "{\"labels\": [[\"../a.npy\", 1]]} | names ../a.npy, which is not inside the folder",
                "{\"labels\": [[\"/etc/a.npy\", 1]]} | which is not inside the folder",
                "{\"labels\": [[\"00000/c.npy\", 1]]} | labels 00000/c.npy, but there is no such .npy file",
                "{\"labels\": [[\"00000/a.npy\", 1], [\"00000/./a.npy\", 2]]} | labels 00000/./a.npy twice",
                "{\"labels\": []} | an empty list",
                "{\"labels\": null} | no list under \"labels\"",
                "{\"label\": []} | has no \"labels\"",
                "{\"labels\": [[\"00000/a.npy\"]]} | no whole number",
                "{\"labels\": [\"00000/a.npy\"]} | not of the form",
                "[1] | must be an object",
                "{\"labels\": [[ | not valid JSON",
            })
    void wrongLabelsAreOneClearSentence(String json, String part) throws IOException {
        Files.writeString(folder.resolve("dataset.json"), json);
        assertTrue(refusal(folder, null).contains(part), refusal(folder, null));
    }

    @Test
    void missingThingsAreNamed(@TempDir Path empty) throws IOException {
        assertTrue(refusal(empty, null).contains("has no .npy files and no dataset.json"));
        assertTrue(refusal(empty.resolve("none"), null).contains("There is no folder"));
        Files.delete(folder.resolve("dataset.json"));
        assertTrue(refusal(folder, null).contains("has 2 .npy files, but no dataset.json"));
        Files.writeString(folder.resolve("dataset.json"), LABELS);
        assertTrue(refusal(folder, empty).contains("b.npy"));
    }

    @Test
    void wrongShapesAreNamed() throws IOException {
        moments("00000/a.npy", new long[] {4, 2, 2}, 0);
        Latents set = Latents.open(folder, 10, null);
        FormatException e = assertThrows(FormatException.class, () -> set.image(1, 1, 0));
        assertTrue(e.getMessage().contains("[4, 2, 2], but the first file has [4, 3, 3]"), e.getMessage());
        moments("00000/b.npy", new long[] {3, 3, 3}, 0);
        assertTrue(refusal(folder, null).contains("VAE moments are (2C, H, H)"));
        moments("00000/b.npy", new long[] {4, 3, 2}, 0);
        assertTrue(refusal(folder, null).contains("VAE moments are (2C, H, H)"));
    }

    private static String refusal(Path folder, @Nullable Path features) {
        return assertThrows(FormatException.class, () -> Latents.open(folder, 10, features))
                .getMessage();
    }

    private void moments(String name, long[] shape, double first) {
        double[] values = new double[(int) (shape[0] * shape[1] * shape[2])];
        Arrays.setAll(values, i -> first + i);
        Npy.write(folder.resolve(name), NpyArray.of(ElementType.F64, shape, values));
    }
}

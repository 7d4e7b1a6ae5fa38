package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.ElementType;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.io.Npz;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `deepflow sample`, and `deepflow evaluate` on what it wrote.
class SampleCommandTest {
    private static final String WEIGHTS = "../testdata/trajectories/linear.safetensors";

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    }

    private void sample(String... more) {
        List<String> all = new ArrayList<>(List.of("sample", "--weights=" + WEIGHTS, "--compute=f32"));
        all.addAll(Arrays.asList(more));
        assertEquals(0, run(all.toArray(String[]::new)), err::toString);
        assertEquals("", err.toString());
    }

    private static byte[] concatenated(Path... files) {
        StringBuilder bytes = new StringBuilder();
        for (Path file : files) {
            byte[] of = new byte[Npy.read(file).bytes().remaining()];
            Npy.read(file).bytes().get(of);
            bytes.append(new String(of, StandardCharsets.ISO_8859_1));
        }
        return bytes.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void samples0To63AreTheSameInOneBatchInFourAndAsShards() throws IOException {
        String[] method = {"--sampler=sde", "--steps=3", "--cfg=1.5", "--seed=3", "--count=64"};
        Path one = folder.resolve("one");
        Path shards = folder.resolve("shards");
        sample(with(method, "--batch=64", "--out=" + one));
        sample(with(method, "--shard=1/2", "--batch=7", "--out=" + shards));
        sample(with(method, "--shard=2/2", "--batch=16", "--out=" + shards));
        for (int i = 0; i < 64; i++) {
            String name = "0000%02d.png".formatted(i);
            assertArrayEquals(Files.readAllBytes(one.resolve(name)), Files.readAllBytes(shards.resolve(name)), name);
        }
        assertArrayEquals(
                concatenated(one.resolve("samples.npy")),
                concatenated(shards.resolve("samples-1-of-2.npy"), shards.resolve("samples-2-of-2.npy")));
        sample(with(method, "--first=7", "--count=1", "--out=" + folder.resolve("seven")));
        assertArrayEquals(
                Files.readAllBytes(one.resolve("000007.png")),
                Files.readAllBytes(folder.resolve("seven").resolve("000007.png")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"euler", "heun", "dopri5", "sde"})
    void everySamplerGivesTheSameInAnyBatchAndShard(String sampler) {
        String[] method = {"--sampler=" + sampler, "--steps=3", "--cfg=1.5", "--seed=3", "--count=64"};
        Path[] files = new Path[4];
        Arrays.setAll(files, i -> folder.resolve(i + ".npy"));
        sample(with(method, "--batch=64", "--npy=" + files[0]));
        sample(with(method, "--batch=16", "--npy=" + files[1]));
        sample(with(method, "--shard=1/2", "--batch=7", "--npy=" + files[2]));
        sample(with(method, "--shard=2/2", "--threads=1", "--npy=" + files[3]));
        assertArrayEquals(concatenated(files[0]), concatenated(files[1]));
        assertArrayEquals(concatenated(files[0]), concatenated(files[2], files[3]));
    }

    private static String[] with(String[] some, String... more) {
        List<String> all = new ArrayList<>(Arrays.asList(some));
        for (String m : more) {
            all.removeIf(a -> a.startsWith(m.substring(0, m.indexOf('=') + 1)));
            all.add(m);
        }
        return all.toArray(String[]::new);
    }

    @Test
    void theArchiveIsAsAdmReadsIt() {
        sample("--sampler=euler", "--steps=2", "--count=6", "--out=" + folder);
        assertTrue(out.toString().endsWith("NFE) per sample: 2" + System.lineSeparator()), out.toString());
        Map<String, NpyArray> npz = Npz.read(folder.resolve("samples.npz"));
        assertEquals(ElementType.U8, npz.get("arr_0").type());
        assertArrayEquals(new long[] {6, 4, 4, 3}, npz.get("arr_0").shape());
        assertArrayEquals(new long[] {0, 1, 2, 0, 1, 2}, npz.get("arr_1").toLongs());
        double[] x = Npy.read(folder.resolve("samples.npy")).toDoubles();
        double blueOfSecondPixel = x[3 * 48 + 2 * 16 + 1];
        assertEquals(
                (int) Math.clamp(255 * (blueOfSecondPixel + 1) / 2, 0.0, 255.0),
                npz.get("arr_0").toLongs()[3 * 48 + 1 * 3 + 2]);
    }

    @Test
    void labelsAreAClassOrAFile() {
        sample("--labels=3", "--steps=2", "--count=2", "--out=" + folder);
        assertArrayEquals(
                new long[] {3, 3}, Npy.read(folder.resolve("labels.npy")).toLongs());
        Path file = folder.resolve("y.npy");
        Npy.write(file, NpyArray.of(ElementType.I32, new long[] {4}, new long[] {2, 2, 1, 0}));
        sample("--labels=" + file, "--steps=2", "--shard=2/2", "--out=" + folder);
        assertArrayEquals(
                new long[] {1, 0}, Npy.read(folder.resolve("labels-2-of-2.npy")).toLongs());
    }

    @Test
    void timeRunsTheOtherWayOnDemand() {
        Path here = folder.resolve("a.npy");
        Path there = folder.resolve("b.npy");
        sample("--sampler=euler", "--steps=3", "--count=2", "--npy=" + here);
        sample("--sampler=euler", "--steps=3", "--count=2", "--time-direction=noise-at-zero", "--npy=" + there);
        assertFalse(Arrays.equals(Npy.read(here).toDoubles(), Npy.read(there).toDoubles()));
    }

    private Path npy(String name, long... shape) {
        Path file = folder.resolve(name);
        long size = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        Npy.write(file, NpyArray.of(ElementType.F64, shape, new double[(int) size]));
        return file;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--steps=0 --sampler=euler|the euler sampler takes 1 to",
                "--steps=1 --sampler=sde|the sde sampler takes 2 to",
                "--cfg=-1|guidance scale must be",
                "--guidance-low=0.7 --guidance-high=0.3|interval is reversed",
                "--guidance-high=1.5|must lie in \\[0, 1\\]",
                "--labels=4|label 4; labels go from 0 to 3",
                "--labels=-1|label -1",
                "--labels=gone.npy|gone.npy",
                "--shard=0/2|i from 1 to n",
                "--shard=3/2|i from 1 to n",
                "--batch=0|--batch must be",
                "--count=0|--count must be",
                "--ema|has no moving average",
                "--config=tiny-2t|does not fit the model",
                "--increments=x.npy|needs --noise",
                "--count=16777216|--shard i/n",
                "--sampler=rk4|rk4"
            })
    void wrongArgumentsAreOneSentence(String arguments, String sentence) {
        List<String> all = new ArrayList<>(
                List.of("sample", "--threads=1", "--weights=" + WEIGHTS, "--out=" + folder.resolve("no")));
        all.addAll(Arrays.asList(arguments.split(" ")));
        assertUnusable(sentence, all);
    }

    private void assertUnusable(String sentence, List<String> arguments) {
        assertEquals(2, run(arguments.toArray(String[]::new)));
        assertEquals("", out.toString());
        assertTrue(err.toString().matches("(?s)deepflow: .*" + sentence + ".*"), err.toString());
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertFalse(err.toString().contains("Exception"), err.toString());
        assertFalse(Files.exists(folder.resolve("no")));
    }

    @Test
    void wrongFilesAreOneSentence() {
        List<String> start = List.of("sample", "--weights=" + WEIGHTS, "--npy=" + folder.resolve("no"));
        String noise = "--noise=" + npy("noise.npy", 2, 3, 4, 4);
        String labels = "--labels=" + labels(2);
        unusable(start, "\\(C, H, W\\) = \\(3, 4, 4\\)", "--noise=" + npy("wide.npy", 2, 3, 4, 5), labels);
        unusable(start, "3 labels for 2 samples", noise, "--labels=" + labels(3));
        unusable(start, "labels are \\(N\\) integers", noise, "--labels=" + npy("float.npy", 2));
        String few = "--increments=" + npy("few.npy", 3, 2, 3, 4, 4);
        unusable(start, "\\[4, 2, 3, 4, 4\\]", noise, labels, few, "--sampler=sde", "--steps=5");
        unusable(start, "for the sde sampler only", noise, labels, few, "--sampler=euler", "--steps=4");
        unusable(List.of("sample", "--npy=" + folder.resolve("no"), "--weights=gone.safetensors"), "gone.safetensors");
        unusable(List.of("sample", "--weights=" + WEIGHTS), "--out DIR or --npy FILE");
        unusable(List.of("sample", "--out=" + folder.resolve("no"), "--run=" + folder), "no checkpoint");
        unusable(List.of("sample", "--out=" + folder.resolve("no")), "--run");
    }

    private Path labels(int n) {
        Path file = folder.resolve(n + "labels.npy");
        Npy.write(file, NpyArray.of(ElementType.I64, new long[] {n}, new long[n]));
        return file;
    }

    private void unusable(List<String> start, String sentence, String... more) {
        List<String> all = new ArrayList<>(start);
        all.addAll(Arrays.asList(more));
        assertUnusable(sentence, all);
    }

    @Test
    void whatWasSampledCanBeEvaluated() {
        sample("--sampler=euler", "--steps=2", "--count=40", "--out=" + folder);
        String file = folder.resolve("samples.npz").toString();
        assertEquals(0, run("evaluate", "--samples=" + file, "--reference=" + file, "--json"), err::toString);
        assertTrue(
                out.toString()
                        .matches("\\{\"frechet_distance\":[0-9.]+(E-[0-9]+)?,\"precision\":1.0,\"recall\":1.0,"
                                + "\"accuracy\":[01]\\.[0-9]+}\\R"),
                out.toString());
    }

    @Test
    void savedStatisticsAreEnoughForTheFrechetDistance() {
        Path statistics = folder.resolve("statistics.npz");
        Npz.write(
                statistics,
                Map.of(
                        "mu", NpyArray.of(ElementType.F64, new long[] {2}, new double[] {0, 1}),
                        "sigma", NpyArray.of(ElementType.F64, new long[] {2, 2}, new double[] {4, 0, 0, 1})));
        Path features = folder.resolve("features.npy");
        double[] rows = {2, 1, -2, 1, 0, 2, 0, 0}; // mean (0, 1), covariance diag(8/3, 2/3)
        Npy.write(features, NpyArray.of(ElementType.F64, new long[] {4, 2}, rows));
        assertEquals(0, run("evaluate", "--samples=" + features, "--reference=" + statistics), err::toString);
        double expected = Math.pow(2 - Math.sqrt(8 / 3.0), 2) + Math.pow(1 - Math.sqrt(2 / 3.0), 2);
        assertEquals(
                expected,
                Double.parseDouble(
                        out.toString().replaceAll("frechet distance", "").strip()),
                1e-6);
        unusable(
                List.of("evaluate", "--samples=" + features, "--reference=" + statistics),
                "has only mu and sigma",
                "--metric=precision-recall");
        unusable(List.of("evaluate"), "Evaluate what");
        unusable(List.of("evaluate", "--samples=" + features), "go together");
        unusable(List.of("evaluate", "--logits=" + features), "number of splits", "--splits=9");
        unusable(
                List.of("evaluate", "--samples=" + npy("wide.npy", 5, 3), "--reference=" + statistics),
                "3 features each, the reference has 2");
    }
}

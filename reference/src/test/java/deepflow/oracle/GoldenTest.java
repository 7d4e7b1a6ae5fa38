package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.model.ConfigJson;
import deepflow.model.ModelConfig;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.train.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Golden dumps: the same bytes everywhere, other bytes for other seeds, and every option is judged as it was written.
class GoldenTest {
    private static final String TINY =
            "\"size\": 4, \"patch\": 2, \"channels\": 2, \"classes\": 3, \"width\": 12, \"depth\": 4, \"heads\": 3";

    @TempDir
    private Path folder;

    private static ModelConfig tiny(String more) {
        return ConfigJson.parse("{" + TINY + ", \"acc\": 5, " + more + "}");
    }

    private Path golden(ModelConfig config, long seed, int samples, DType dtype, int threads) {
        return golden(new Golden(config, Objective.published(config.k()), seed, samples, true), dtype, threads);
    }

    private Path golden(Golden golden, DType dtype, int threads) {
        try {
            Path file = Files.createTempFile(folder, "golden", ".safetensors");
            try (Backend backend = Backends.open("cpu", dtype, threads)) {
                golden.write(backend, "deepflow", file);
            }
            return file;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static CheckResult check(Path dump, DType compute) {
        try (Backend backend = Backends.open("cpu", compute, 2)) {
            return new Checker(backend).check(dump);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F64", "F32"})
    void threadsAndRunsChangeNoBit(DType dtype) throws IOException {
        ModelConfig config = tiny("\"k\": 2");
        byte[] first = Files.readAllBytes(golden(config, 1, 3, dtype, 1));
        for (int threads = 1; threads <= 3; threads++) {
            assertArrayEquals(first, Files.readAllBytes(golden(config, 1, 3, dtype, threads)));
        }
    }

    /// If this fails, the bits of some computation, or of the random numbers, have changed. When that was meant,
    /// put the hash of the message here, and say in the commit why golden files of before are not those of now.
    @ParameterizedTest
    @CsvSource({
        "F64, 34bcdc999043defc8b83133ab9a380462ddc3413ff0a07bebe292518df5fcd85",
        "F32, cc5833be1964b8140c24f68e54ce36487ee23b292f5de94037aa1134d5354483"
    })
    void theBitsAreTheCommittedOnes(DType dtype, String hash) throws IOException, NoSuchAlgorithmException {
        byte[] bytes = Files.readAllBytes(golden(tiny("\"k\": 2"), 1, 3, dtype, 2));
        assertEquals(
                hash,
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    }

    @Test
    void anotherSeedGivesOtherNumbers() {
        ModelConfig config = tiny("\"k\": 2");
        Diff diff = Diff.of(golden(config, 1, 3, DType.F64, 2), golden(config, 2, 3, DType.F64, 2));
        assertEquals(List.of(), diff.metadata());
        // all differ but the position table, and labels or times that may be equal by chance
        assertTrue(
                diff.entries().size() >= diff.compared() - 4,
                diff.compared() + " " + diff.entries().size());
    }

    @Test
    void aSampleIsTheSameInEveryBatch() {
        ModelConfig config = tiny("\"k\": 2, \"ssl_dim\": 3");
        try (Dump small = Dump.open(golden(config, 1, 2, DType.F64, 1));
                Dump large = Dump.open(golden(config, 1, 5, DType.F64, 2))) {
            assertEquals(small.names(), large.names());
            for (String name : small.names()) {
                boolean row = name.matches("in\\..*|out\\..*|act\\..*");
                if (row || name.startsWith("weight.")) {
                    double[] a = small.read(name);
                    assertArrayEquals(a, Arrays.copyOf(large.read(name), a.length), name);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"k\": 1",
                "\"k\": 2",
                "\"k\": 4",
                "\"k\": 3, \"keys\": [1, 2]",
                "\"k\": 1, \"model\": \"sit\"",
                "\"k\": 1, \"model\": \"sit\", \"learn_sigma\": true, \"qk_norm\": true",
                "\"k\": 2, \"qk_norm\": true",
                "\"k\": 2, \"learn_sigma\": true",
                "\"k\": 2, \"clamp\": true",
                "\"k\": 2, \"ssl_dim\": 3",
                "\"k\": 3, \"keys\": [2, 3], \"ssl_dim\": 3, \"qk_norm\": true, \"clamp\": true",
                "\"k\": 1, \"ssl_dim\": 3",
                "\"k\": 2, \"design\": \"additive\"",
                "\"k\": 2, \"design\": \"additive\", \"time_gap\": false",
                "\"k\": 2, \"time_gap\": false",
                "\"k\": 2, \"acceleration\": false",
                "\"k\": 2, \"cross_space\": false",
                "\"k\": 2, \"time_gap\": false, \"acceleration\": false, \"cross_space\": false",
                "\"k\": 2, \"acc_form\": \"shallow\""
            })
    void everyOptionIsJudgedAsItWasWritten(String options) {
        Path dump = golden(tiny(options), 5, 3, DType.F64, 2);
        CheckResult result = check(dump, DType.F64);
        assertTrue(result.consistent(), () -> result.first().toString());
        assertEquals(List.of(), result.absent());
        for (Finding f : result.findings()) {
            assertEquals(Finding.Status.OK, f.status(), f::toString);
            assertEquals(0, f.relativeError(), f::toString);
        }
        CheckResult single = check(dump, DType.F32);
        assertTrue(single.consistent(), () -> single.first().toString());
    }

    @ParameterizedTest
    @CsvSource({"LINEAR, DERIVATIVE", "COSINE, DIFFERENCE", "COSINE, DERIVATIVE"})
    void pathAndTargetAreRecorded(FlowPath path, VelocityTarget target) {
        ModelConfig config = tiny("\"k\": 2");
        Objective objective = new Objective(List.of(0.3, 2.0), 0.7, path, target, 0.5);
        Path dump = golden(new Golden(config, objective, 3, 2, false), DType.F64, 1);
        CheckResult result = check(dump, DType.F64);
        assertTrue(result.consistent(), () -> result.first().toString());
        assertEquals(objective, result.metadata().objective());
        assertEquals(List.of("after.*"), result.absent());
        // and they matter: without one of them the losses are others
        for (Map.Entry<String, String> usual :
                Map.of("betas", "[0.2, 1.0]", "lambda", "1").entrySet()) {
            Path changed = EditedDump.read(dump)
                    .meta(usual.getKey(), usual.getValue())
                    .write(folder.resolve("changed.safetensors"));
            assertFalse(check(changed, DType.F64).consistent(), usual::toString);
        }
    }

    @Test
    void float32IsWrittenAsSuch() throws IOException {
        ModelConfig config = tiny("\"k\": 2");
        Path single = golden(config, 1, 3, DType.F32, 2);
        CheckResult result = check(single, DType.F64);
        assertTrue(result.consistent(), () -> result.first().toString());
        assertEquals(Precision.F32, result.metadata().precision());
        check(single, DType.F32).findings().forEach(f -> assertEquals(0, f.relativeError(), f::toString));
        assertNotEquals(
                Files.size(single), Files.size(golden(config, 1, 3, DType.F64, 2)), "float64 takes twice the room");
    }

    /// The same three calls of the LayerNorm that a producer may make instead of two.
    @Test
    void threeCallsOfTheLayerNormAreJudgedAsThree() {
        Path two = golden(tiny("\"k\": 2"), 5, 3, DType.F64, 2);
        String norm = "df_blocks.0.cross_attention.layer_norm";
        EditedDump dump = EditedDump.read(two);
        List<Long> shape = dump.part("act." + norm + "#1").shape();
        double[] whole = dump.values("gradact." + norm + "#1");
        dump.put("act." + norm + "#2", shape, dump.values("act." + norm + "#1"));
        CheckResult wrong = check(dump.write(folder.resolve("three.safetensors")), DType.F64);
        assertEquals("gradact." + norm + "#1", wrong.first().orElseThrow().name(), "the sum is not the key's share");

        double[] key = keyShare(folder.resolve("three.safetensors"), "gradact." + norm + "#1");
        double[] value = new double[key.length];
        Arrays.setAll(value, i -> whole[i] - key[i]);
        dump.put("gradact." + norm + "#1", shape, key).put("gradact." + norm + "#2", shape, value);
        CheckResult right = check(dump.write(folder.resolve("three.safetensors")), DType.F64);
        assertTrue(right.consistent(), () -> right.first().toString());
        assertTrue(right.findings().stream().anyMatch(f -> f.name().equals("gradact." + norm + "#2")));
    }

    private static double[] keyShare(Path file, String name) {
        try (Backend backend = Backends.open("cpu", DType.F64, 2);
                Dump dump = Dump.open(file)) {
            return new Checker(backend)
                    .truths(dump).stream()
                            .filter(t -> t.name().equals(name))
                            .findFirst()
                            .orElseThrow()
                            .values()
                            .get();
        }
    }
}

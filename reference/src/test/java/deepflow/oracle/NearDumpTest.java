package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import deepflow.io.ElementType;
import deepflow.io.SafetensorsFile;
import deepflow.io.SafetensorsWriter;
import deepflow.random.KeyedRandom;
import deepflow.thread.Threads;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is kept of a truth beside a dump's numbers is that truth, to 2⁻²⁴ of the dump's error.
class NearDumpTest {
    private static final String NAME = "act.blocks.1";
    private static final Threads ALONE = new Threads(1);

    @ParameterizedTest
    @ValueSource(strings = {"f64", "f32", "bf16", "fp16"})
    void isTheTruthToAShareOfTheError(String precision) {
        try (Dump dump = Dump.open(TestData.step("tiny-2t-" + precision))) {
            double[] actual = dump.read(NAME);
            double[] truth = new double[actual.length];
            for (int i = 0; i < truth.length; i++) {
                // right to a few digits, to none, exactly, and by numbers that are no normal float
                double error = i % 4 == 0 ? 1e-7 * i : i % 4 == 1 ? 1e3 : i % 4 == 2 ? 0 : 1e-42;
                truth[i] = actual[i] + error;
            }
            double[] kept = NearDump.of(dump, NAME, truth, ALONE).get();
            for (int i = 0; i < truth.length; i++) {
                double allowed = precision.equals("f64")
                        ? 0
                        : 0x1p-24 * Math.abs(truth[i] - actual[i]) + 0x1p-150 + Math.ulp(truth[i]);
                assertTrue(Math.abs(kept[i] - truth[i]) <= allowed, kept[i] + " for " + truth[i]);
            }
            assertArrayEquals(actual, NearDump.of(dump, NAME, actual, ALONE).get());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"f64", "f32"})
    void tellsHowFarOthersAreFromIt(String precision) {
        try (Dump dump = Dump.open(TestData.step("tiny-2t-" + precision))) {
            double[] truth = dump.read(NAME);
            double[] others = new double[truth.length];
            for (int i = 0; i < truth.length; i++) {
                others[i] = Math.sin(i);
                truth[i] += 1e-7 * Math.cos(i);
            }
            NearDump near = NearDump.of(dump, NAME, truth, ALONE);
            double[] errors = new double[truth.length];
            near.readDump(errors);
            int half = truth.length / 2;
            near.subtract(others, errors, 0, half);
            near.subtract(others, errors, half, truth.length);
            double[] kept = near.get();
            for (int i = 0; i < truth.length; i++) {
                assertEquals(others[i] - kept[i], errors[i]);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 1e300})
    void staysWhatItIsWhereNoFloatIsTheDifference(double extreme) {
        try (Dump dump = Dump.open(TestData.step("tiny-2t-f32"))) {
            double[] truth = dump.read(NAME);
            truth[3] = extreme;
            assertArrayEquals(truth, NearDump.of(dump, NAME, truth, ALONE).get());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"act.no_such_module", "in.y", NAME})
    void standsByItselfWhereTheDumpHasNoSuchNumbers(String name) {
        try (Dump dump = Dump.open(TestData.step("tiny-2t-f32"))) {
            double[] truth = {Math.PI, Math.E};
            Supplier<double[]> kept = NearDump.of(dump, name, truth, ALONE);
            double[] first = kept.get();
            assertArrayEquals(truth, first);
            Arrays.fill(first, 0);
            assertEquals(Math.PI, kept.get()[0], "an array of the caller's");
        }
    }

    @ParameterizedTest
    @CsvSource({"1, F32", "2, F32", "3, F64"})
    void comparesWhatTheWholeArraysSay(int threads, ElementType type, @TempDir Path folder) {
        double[] actual = new double[100_001]; // several pieces, the last one short
        KeyedRandom.of(1, "near", 0).gaussians(actual);
        double[] truth = actual.clone();
        for (int i = 0; i < truth.length; i++) {
            actual[i] = (float) actual[i];
            truth[i] = i % 7 == 0 ? actual[i] + 1e-3 * i : actual[i];
        }
        Path file = folder.resolve("one.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        try (SafetensorsFile step = SafetensorsFile.open(TestData.step("tiny-2t-f32"))) {
            step.metadata().forEach(writer::metadata);
        }
        writer.add(NAME, type, new long[] {actual.length}, actual).write(file);
        try (Dump dump = Dump.open(file);
                Threads shared = new Threads(threads)) {
            boolean[] seen = new boolean[truth.length];
            NearDump near = NearDump.of(dump, NAME, truth, shared, (piece, numbers, from, count) -> {
                for (int i = 0; i < count; i++) {
                    seen[from + i] = numbers[i] == actual[from + i];
                }
            });
            Errors whole = Errors.between(actual, truth, Norm.ZERO);
            assertEquals(whole.largest(), near.errors().largest());
            assertEquals(whole.at(), near.errors().at());
            assertEquals(1, near.errors().relative() / whole.relative(), 1e-13);
            assertEquals(1, near.error() / whole.error().value(), 1e-13);
            assertEquals(1, near.size() / whole.size().value(), 1e-13);
            assertTrue(IntStream.range(0, seen.length).allMatch(i -> seen[i]), "every number was shown once");
            assertArrayEquals(actual, dump.read(NAME, shared));
            assertTrue(near.isBeside(dump));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void aNumberThatIsNotFiniteLeavesNoNorm(double extreme) {
        try (Dump dump = Dump.open(TestData.step("tiny-2t-f32"))) {
            double[] truth = dump.read(NAME);
            truth[3] = extreme;
            NearDump near = NearDump.of(dump, NAME, truth, ALONE);
            assertTrue(Double.isNaN(near.error()) && Double.isNaN(near.size()));
            assertEquals(3, near.errors().nonFinite());
        }
    }
}

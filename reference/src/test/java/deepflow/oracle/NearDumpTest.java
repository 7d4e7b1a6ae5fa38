package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import java.util.Arrays;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is kept of a truth beside a dump's numbers is that truth, to 2⁻²⁴ of the dump's error.
class NearDumpTest {
    private static final String NAME = "act.blocks.1";

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
            double[] kept = NearDump.of(dump, NAME, truth).get();
            for (int i = 0; i < truth.length; i++) {
                double allowed = precision.equals("f64")
                        ? 0
                        : 0x1p-24 * Math.abs(truth[i] - actual[i]) + 0x1p-150 + Math.ulp(truth[i]);
                assertTrue(Math.abs(kept[i] - truth[i]) <= allowed, kept[i] + " for " + truth[i]);
            }
            assertArrayEquals(actual, NearDump.of(dump, NAME, actual).get());
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 1e300})
    void staysWhatItIsWhereNoFloatIsTheDifference(double extreme) {
        try (Dump dump = Dump.open(TestData.step("tiny-2t-f32"))) {
            double[] truth = dump.read(NAME);
            truth[3] = extreme;
            assertArrayEquals(truth, NearDump.of(dump, NAME, truth).get());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"act.no_such_module", "in.y", NAME})
    void standsByItselfWhereTheDumpHasNoSuchNumbers(String name) {
        try (Dump dump = Dump.open(TestData.step("tiny-2t-f32"))) {
            double[] truth = {Math.PI, Math.E};
            Supplier<double[]> kept = NearDump.of(dump, name, truth);
            double[] first = kept.get();
            assertArrayEquals(truth, first);
            Arrays.fill(first, 0);
            assertEquals(Math.PI, kept.get()[0], "an array of the caller's");
        }
    }
}

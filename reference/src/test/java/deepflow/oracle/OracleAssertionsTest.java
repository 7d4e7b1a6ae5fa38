package deepflow.oracle;

import static deepflow.oracle.OracleAssertions.assertConsistent;
import static deepflow.oracle.OracleAssertions.assertProductConsistent;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What other programs' tests call.
class OracleAssertionsTest {
    private static final int M = 40;
    private static final int P = 30;

    @TempDir
    private Path folder;

    /// One product in a precision, by naive loops: `actual` rounded as hardware would, `truth` in double.
    private record Product(double[] actual, double[] truth) {
        static Product of(int n, Precision precision, boolean accumulateNarrow) {
            Arithmetic arithmetic = precision.arithmetic(false);
            FloatFormat in = arithmetic.productInput();
            FloatFormat out = arithmetic.productResult();
            FloatFormat sum = accumulateNarrow ? in : arithmetic.wide();
            Random random = new Random(n);
            double[] a = random.doubles(M * n, -1, 1)
                    .map(arithmetic.given()::nearest)
                    .toArray();
            double[] b = random.doubles(n * P, -1, 1)
                    .map(arithmetic.given()::nearest)
                    .toArray();
            double[] actual = new double[M * P];
            double[] truth = new double[M * P];
            for (int i = 0; i < M; i++) {
                for (int j = 0; j < P; j++) {
                    double rounded = 0;
                    for (int k = 0; k < n; k++) {
                        truth[i * P + j] += a[i * n + k] * b[k * P + j];
                        rounded = sum.nearest(rounded + in.nearest(a[i * n + k]) * in.nearest(b[k * P + j]));
                    }
                    actual[i * P + j] = out.nearest(rounded);
                }
            }
            return new Product(actual, truth);
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void aRightProductPassesAndASlightlyWrongOneDoesNot(Precision precision) {
        for (int n : new int[] {1, 7, 200}) {
            Product p = Product.of(n, precision, false);
            assertProductConsistent(p.actual(), p.truth(), n, precision, M, P);
            assertConsistent(p.actual(), p.truth(), precision, M, P);
            double budget = OracleAssertions.productBudget(precision, n, M * P);
            double[] scaled = p.actual().clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= 1 + 3 * budget;
            }
            assertThrows(AssertionError.class, () -> assertProductConsistent(scaled, p.truth(), n, precision, M, P));
            double[] one = p.actual().clone();
            one[65] += 20 * budget; // of numbers of about √n/3
            if (n < 10) {
                assertThrows(AssertionError.class, () -> assertProductConsistent(one, p.truth(), n, precision, M, P));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"BF16", "FP16"})
    void aNarrowAccumulatorIsFound(Precision precision) {
        Product p = Product.of(1000, precision, true);
        assertThrows(AssertionError.class, () -> assertProductConsistent(p.actual(), p.truth(), 1000, precision, M, P));
    }

    @Test
    void theMessageTellsErrorBudgetAndElement() {
        float[] actual = {1, 2, 3, 4, 5, 6};
        double[] expected = {1, 2, 3, 4, 5.5, 6};
        AssertionError e =
                assertThrows(AssertionError.class, () -> assertConsistent(actual, expected, Precision.F32, 2, 3));
        assertEquals(
                "The array is not consistent with f32: relative error 0.051, budget 1.0e-05; worst element [1, 1] is"
                        + " 5.0, expected 5.5, off by 0.50, 2.2e+03 times what one element may be",
                e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> assertConsistent(actual, expected, Precision.F32, 2, 2));
        assertThrows(AssertionError.class, () -> assertConsistent(actual, new double[5], Precision.F32));
    }

    @Test
    void whatIsNotFiniteMustBeTheSame() {
        double inf = Double.POSITIVE_INFINITY;
        assertConsistent(new double[] {inf, Double.NaN, 1}, new double[] {inf, Double.NaN, 1}, Precision.F64);
        for (double bad : new double[] {-inf, Double.NaN, 5}) {
            AssertionError e = assertThrows(
                    AssertionError.class,
                    () -> assertConsistent(new double[] {1, bad}, new double[] {1, inf}, Precision.BF16));
            assertTrue(e.getMessage().contains("element 1 is " + bad + ", expected Infinity"), e.getMessage());
        }
        assertConsistent(new double[0], new double[0], Precision.F32);
        assertConsistent(new double[3], new double[3], Precision.F32);
        assertThrows(AssertionError.class, () -> assertConsistent(new double[] {1e-30}, new double[1], Precision.F32));
    }

    /// The lines that docs/check.md shows, and that it shows these.
    @Test
    void theDocumentedLinesRun() throws IOException {
        Path step = TestData.step("patch-four-one-sample-f32");
        float[] actual = {1, 2, 3, 4, 5, 6};
        double[] expected = {1, 2, 3, 4, 5, 6};

        Verdict verdict = Oracle.check(step, Oracle.Options.defaults());
        assertTrue(verdict.result().consistent());

        OracleAssertions.assertConsistent(step, Oracle.Options.defaults());
        OracleAssertions.assertConsistent(actual, expected, Precision.F32, 2, 3);
        OracleAssertions.assertProductConsistent(actual, expected, 64, Precision.BF16, 2, 3);

        String docs = Files.readString(Path.of("..", "docs", "check.md"));
        String source = Files.readString(Path.of("src/test/java/deepflow/oracle/OracleAssertionsTest.java"));
        int from = docs.indexOf("```java") + 7;
        String shown = docs.substring(from, docs.indexOf("```", from));
        shown.lines().forEach(line -> assertTrue(source.contains("        " + line + "\n") || line.isEmpty(), line));
        assertTrue(shown.lines().count() > 5, shown);
    }

    @Test
    void dumpsAreJudgedAndCompared() {
        Path step = TestData.step("patch-four-one-sample-f32");
        Path wrong = EditedDump.read(step)
                .map("act.blocks.0.mlp.fc2", v -> v * 1.001)
                .write(folder.resolve("wrong.safetensors"));
        Oracle.Options options = Oracle.Options.defaults().judging(Judging.BY_THRESHOLD);
        assertConsistent(step, options);
        assertConsistent(step, step, Precision.F64);
        AssertionError judged = assertThrows(AssertionError.class, () -> assertConsistent(wrong, options));
        assertTrue(judged.getMessage().contains("first act.blocks.0.mlp.fc2;"), judged.getMessage());
        AssertionError compared =
                assertThrows(AssertionError.class, () -> assertConsistent(wrong, step, Precision.F32));
        assertTrue(
                compared.getMessage().contains("the tensor act.blocks.0.mlp.fc2 is not consistent with f32"),
                compared.getMessage());
        Path less = EditedDump.read(step).remove("loss.acc"::equals).write(folder.resolve("less.safetensors"));
        assertConsistent(step, less, Precision.F32);
        assertThrows(AssertionError.class, () -> assertConsistent(less, step, Precision.F32));
    }
}

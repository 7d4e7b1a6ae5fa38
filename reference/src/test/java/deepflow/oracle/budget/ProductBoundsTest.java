package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.emulation.Rounding;
import deepflow.oracle.emulation.RoundingBackend;
import deepflow.oracle.emulation.SummationOrder;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Products in narrow arithmetic never leave their bound, and how near they come to it.
///
/// `-Ddeepflow.products=1000000` draws a million results for each row of the table in docs/verdict.md and prints it.
class ProductBoundsTest {
    private static final long RESULTS = Long.getLong("deepflow.products", 400);
    private static final int ROWS = 16;
    private static final int COLUMNS = 25;

    static Stream<Arguments> everyKind() {
        return Stream.of(
                        Arithmetic.uniform(FloatFormat.F64),
                        Arithmetic.uniform(FloatFormat.F32),
                        Arithmetic.tf32(),
                        Arithmetic.uniform(FloatFormat.BF16),
                        Arithmetic.uniform(FloatFormat.FP16),
                        Arithmetic.autocast(FloatFormat.BF16, false),
                        Arithmetic.autocast(FloatFormat.FP16, false))
                .flatMap(a -> Stream.of(64, 1152, 4608)
                        .flatMap(n -> Stream.of(false, true).map(same -> Arguments.of(a, n, same))));
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void errorsStayWithinTheBound(Arithmetic arithmetic, int terms, boolean sameSign) {
        try (Threads threads = new Threads(2);
                Backend exact = Backends.open("cpu", DType.F64, 1);
                Backend sums = Backends.open("cpu", DType.F32, 1)) {
            double worst = 0;
            double total = 0;
            long drawn = 0;
            for (long round = 0; drawn < RESULTS; round++) {
                KeyedRandom random = KeyedRandom.of(5, "products " + terms + sameSign, round);
                RoundingBackend narrow = new RoundingBackend(
                        exact,
                        arithmetic.given() == FloatFormat.F64 ? exact : sums,
                        arithmetic,
                        Rounding.NEAREST,
                        SummationOrder.random(random),
                        false);
                BoundingBackend bounding = new BoundingBackend(
                        exact, arithmetic.given() == FloatFormat.F64 ? exact : sums, threads, arithmetic, 1e-6);
                double[] a = data(random, ROWS * terms, sameSign, arithmetic.given());
                double[] b = data(random, COLUMNS * terms, sameSign, arithmetic.given());
                Tensor truth = product(bounding, a, b, terms);
                double[] y = bounding.download(truth);
                double[] bound = bounding.bound(truth);
                double[] z = narrow.download(product(narrow, a, b, terms));
                for (int i = 0; i < y.length; i++) {
                    double ratio = Math.abs(y[i] - z[i]) / bound[i];
                    worst = Math.max(worst, ratio);
                    total += ratio * ratio;
                }
                drawn += y.length;
            }
            if (RESULTS >= 100_000) {
                System.err.printf(
                        "| %s | %d | %s | %.4f | %.4f | %d |%n",
                        arithmetic,
                        terms,
                        sameSign ? "same sign" : "zero mean",
                        worst,
                        Math.sqrt(total / drawn),
                        drawn);
            }
            assertTrue(worst <= 1, arithmetic + ", " + terms + " terms: error over bound " + worst);
            double least = least(arithmetic, terms, sameSign);
            assertTrue(worst > least, arithmetic + ", " + terms + " terms: a bound that says little, " + worst);
        }
    }

    /// Half of what the worst of four hundred results is over its bound (docs/verdict.md has it for a million): where
    /// results are narrow their rounding is most of the bound, where factors are rounded that is, and elsewhere the
    /// bound allows for λ·√n roundings of the largest sum where random signs leave about one.
    private static double least(Arithmetic arithmetic, int terms, boolean sameSign) {
        FloatFormat input = arithmetic.productInput();
        if (arithmetic.given() == input && input.unit() > FloatFormat.F32.unit()) {
            return 0.15;
        }
        boolean rounds = input.unit() > FloatFormat.F32.unit();
        return (rounds ? 0.7 : sameSign ? 0.3 : 0.08) / Math.pow(terms, rounds ? 0.5 : sameSign ? 0.55 : 0.65);
    }

    static Stream<Arguments> narrow() {
        return Stream.of(FloatFormat.BF16, FloatFormat.FP16)
                .flatMap(format -> Stream.of(0, -17).map(exponent -> Arguments.of(format, exponent)));
    }

    /// Fused attention adds to the gradients of keys and values after every block of queries, in the narrow
    /// type; where results are subnormal, as fp16 gradients of long sequences are, each time costs as much as
    /// the result itself.
    @ParameterizedTest
    @MethodSource("narrow")
    void sumsOverRowsMayBeAddedInParts(FloatFormat format, int exponent) {
        int rows = 1024;
        int part = 32;
        KeyedRandom random = KeyedRandom.of(5, "parts", 0);
        double[] a = data(random, rows * ROWS, true, format);
        double[] b = data(random, rows * COLUMNS, false, format);
        for (int i = 0; i < a.length; i++) {
            a[i] = format.nearest(a[i] / rows);
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = format.nearest(Math.scalb(b[i], exponent));
        }
        try (Threads threads = new Threads(1);
                Backend exact = Backends.open("cpu", DType.F64, 1)) {
            BoundingBackend bounding = new BoundingBackend(exact, exact, threads, Arithmetic.uniform(format), 1e-6);
            Tensor truth = bounding.matmul(
                    bounding.upload(a, Shape.of(rows, ROWS)), true, bounding.upload(b, Shape.of(rows, COLUMNS)), false);
            double[] y = bounding.download(truth);
            double[] bound = bounding.bound(truth);
            double worst = 0;
            for (int i = 0; i < y.length; i++) {
                double z = 0;
                for (int from = 0; from < rows; from += part) {
                    double sum = 0;
                    for (int row = from; row < from + part; row++) {
                        sum += a[row * ROWS + i / COLUMNS] * b[row * COLUMNS + i % COLUMNS];
                    }
                    z = format.nearest(z + sum);
                }
                worst = Math.max(worst, Math.abs(y[i] - z) / bound[i]);
            }
            assertTrue(worst <= 1, format + ": error over bound " + worst);
            assertTrue(worst > 1e-2, format + ": a bound that says nothing, " + worst);
        }
    }

    private static Tensor product(Backend backend, double[] a, double[] b, int terms) {
        return backend.matmul(
                backend.upload(a, Shape.of(ROWS, terms)), false, backend.upload(b, Shape.of(COLUMNS, terms)), true);
    }

    private static double[] data(KeyedRandom random, int n, boolean sameSign, FloatFormat format) {
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            double g = random.gaussian();
            x[i] = format.nearest(sameSign ? Math.abs(g) : g);
        }
        return x;
    }
}

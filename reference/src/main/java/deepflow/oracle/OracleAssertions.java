package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.io.TensorSource;
import deepflow.oracle.budget.Accumulation;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/// Assertions for the tests of other programs, whatever test library they use: what is not consistent throws an
/// [AssertionError] that tells relative error, budget, and the worst element with its index.
///
/// **What consistent means for two arrays** `a` (actual) and `e` (expected), of N elements, with a relative budget B
/// and
/// η, half the smallest subnormal number of the result's type:
///
/// 1. both have the same length; where one is not finite, the other is the same: NaN, or that infinity;
/// 2. ‖a − e‖ ≤ B·‖e‖ + η·√N;
/// 3. for each element, |aᵢ − eᵢ| ≤ B·(|eᵢ| + λ·rms(e)) + η with λ = √(2·ln(2N/10⁻³)): so far the largest of N normal
///    errors goes, once in a thousand arrays; one bad element cannot hide among many good ones.
///
/// B is the precision's threshold ([Precision#threshold]: what a tensor deep in a whole step may be off), or for one
/// product, which is far more exact, what its inner dimension n allows: u_out + (1 + u_out)·√n·(2u_in + u_in² + γ),
/// with
/// γ of [Accumulation]. There u_in is 0 unless the product rounds its inputs (`tf32`, `amp-*`), and √n stands for
/// ‖|A||W|‖/‖AW‖, which it is for zero-mean data; a product whose terms cancel further than that needs [Oracle#check].
public final class OracleAssertions {
    private static final double RISK = 1e-3;

    private OracleAssertions() {}

    /// Two tensors of a whole step: the budget is the precision's threshold.
    ///
    /// @param shape extents, for the index in the message; none: the index is flat
    public static void assertConsistent(double[] actual, double[] expected, Precision precision, int... shape) {
        compare("The array", actual, expected, precision, precision.threshold(), shape);
    }

    /// As for doubles.
    public static void assertConsistent(float[] actual, double[] expected, Precision precision, int... shape) {
        assertConsistent(doubles(actual), expected, precision, shape);
    }

    /// As for doubles.
    public static void assertConsistent(float[] actual, float[] expected, Precision precision, int... shape) {
        assertConsistent(doubles(actual), doubles(expected), precision, shape);
    }

    /// The result of one product, held to what its inner dimension allows.
    ///
    /// @param expected computed in float64 from the same inputs
    /// @param n terms of each sum, at least 1
    /// @param shape extents, for the index in the message; none: the index is flat
    public static void assertProductConsistent(
            double[] actual, double[] expected, long n, Precision precision, int... shape) {
        compare("The product", actual, expected, precision, productBudget(precision, n, expected.length), shape);
    }

    /// As for doubles.
    public static void assertProductConsistent(
            float[] actual, double[] expected, long n, Precision precision, int... shape) {
        assertProductConsistent(doubles(actual), expected, n, precision, shape);
    }

    /// A dumped step, judged as [Oracle#check(Path, Oracle.Options)] does.
    ///
    /// @throws FormatException if the dump cannot be used
    public static void assertConsistent(Path dump, Oracle.Options options) {
        CheckResult result = Oracle.check(dump, options).result();
        result.first().ifPresent(first -> {
            long wrong = result.findings().stream().filter(Finding::counts).count();
            String blamed = result.suspects().isEmpty()
                    ? first.name()
                    : result.suspects().getLast();
            throw new AssertionError(String.format(
                    Locale.ROOT,
                    "%s is inconsistent with %s: %d of %d tensors are wrong, first %s; %s is %s, relative error %.2g,"
                            + " budget %.2g, worst element %s",
                    result.dump(),
                    result.metadata().precision().label(),
                    wrong,
                    result.findings().size(),
                    blamed,
                    first.name(),
                    first.status().label(),
                    first.relativeError(),
                    first.verdict() == null
                            ? result.threshold()
                            : first.verdict().budget(),
                    first.where()));
        });
    }

    /// Two dumps, or other files of tensors: every tensor of the expected one must be in the actual one and agree up to
    /// the precision's threshold. No step is replayed.
    ///
    /// @throws FormatException if a file cannot be used
    public static void assertConsistent(Path actual, Path expected, Precision precision) {
        try (TensorSource a = TensorSource.open(actual);
                TensorSource e = TensorSource.open(expected)) {
            for (String name : e.names()) {
                if (!a.contains(name)) {
                    throw new AssertionError(actual + " lacks the tensor " + name);
                }
                long[] shape = e.info(name).shape();
                if (!Arrays.equals(a.info(name).shape(), shape)) {
                    throw new AssertionError(actual + ": the tensor " + name + " has shape "
                            + Arrays.toString(a.info(name).shape()) + ", expected " + Arrays.toString(shape));
                }
                int[] extents = Arrays.stream(shape).mapToInt(Math::toIntExact).toArray();
                compare(
                        actual + ": the tensor " + name,
                        a.readDoubles(name),
                        e.readDoubles(name),
                        precision,
                        precision.threshold(),
                        extents);
            }
        }
    }

    /// B of a product: see above.
    static double productBudget(Precision precision, long n, int results) {
        if (n < 1) {
            throw new IllegalArgumentException("a product has an inner dimension of at least 1, got " + n);
        }
        Arithmetic arithmetic = precision.arithmetic(false);
        double out = arithmetic.productResult().unit();
        double in = arithmetic.productInput() == arithmetic.given()
                ? 0
                : arithmetic.productInput().unit();
        double gamma = new Accumulation(arithmetic.wide().unit(), RISK).gamma(n, Math.max(1, results));
        return out + (1 + out) * Math.sqrt(n) * (2 * in + in * in + gamma);
    }

    private static void compare(
            String what, double[] actual, double[] expected, Precision precision, double budget, int... shape) {
        if (actual.length != expected.length) {
            throw new AssertionError(
                    what + " has " + actual.length + " elements, expected " + expected.length + " of them");
        }
        long size = Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
        if (shape.length > 0 && size != expected.length) {
            throw new IllegalArgumentException(
                    "the shape " + Arrays.toString(shape) + " has " + size + " elements, the array " + expected.length);
        }
        if (actual.length == 0) {
            return;
        }
        FloatFormat out = precision.arithmetic(false).productResult();
        Errors errors = Errors.between(actual, expected, Norm.ZERO);
        if (errors.nonFinite() >= 0) {
            int i = errors.nonFinite();
            throw new AssertionError(what + " is not consistent with " + precision.label() + ": element "
                    + index(i, shape) + " is " + actual[i] + ", expected " + expected[i]);
        }
        double root = Math.sqrt(expected.length);
        double rms = errors.size().value() / root;
        double lambda = Math.sqrt(2 * StrictMath.log(2.0 * expected.length / RISK));
        int worst = 0;
        double share = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs(actual[i] - expected[i]);
            double allowed = budget * (Math.abs(expected[i]) + lambda * rms) + out.underflow();
            if (error > 0 && error / allowed > share) { // equal infinities and NaNs have no error
                worst = i;
                share = error / allowed;
            }
        }
        boolean together = errors.error().value() <= budget * errors.size().value() + out.underflow() * root;
        if (!together || share > 1) {
            throw new AssertionError(String.format(
                    Locale.ROOT,
                    "%s is not consistent with %s: relative error %.2g, budget %.2g; worst element %s is %s, expected"
                            + " %s, off by %.2g, %.2g times what one element may be",
                    what,
                    precision.label(),
                    errors.relative(),
                    budget,
                    index(worst, shape),
                    actual[worst],
                    expected[worst],
                    Math.abs(actual[worst] - expected[worst]),
                    share));
        }
    }

    private static String index(int flat, int... shape) {
        return shape.length == 0 ? Integer.toString(flat) : Judge.index(flat, shape);
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}

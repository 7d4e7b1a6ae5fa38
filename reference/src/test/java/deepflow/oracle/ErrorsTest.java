package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/// How far two arrays are apart, at the edges of the number format too.
class ErrorsTest {
    private static final double INF = Double.POSITIVE_INFINITY;

    private static Errors between(double[] actual, double... truth) {
        return Errors.between(actual, truth, Norm.ZERO);
    }

    private static double[] of(double... values) {
        return values;
    }

    @Test
    void relativeToTheTruthsNorm() {
        Errors e = between(of(3, 4.5), 3, 4);
        assertEquals(0.1, e.relative(), 1e-15);
        assertEquals(0.5, e.largest());
        assertEquals(1, e.at());
        assertEquals(2, between(of(2, 0), 0, 0).relative(), "absolute where the truth is 0");
        assertEquals(0, between(of()).relative());
        assertEquals(0.25, Errors.between(of(1), of(0), Norm.of(4)).relative());
    }

    @Test
    void equalInPatternIsEqual() {
        assertTrue(between(of(Double.NaN, INF, 1), Double.NaN, INF, 1).within(0));
        assertFalse(between(of(INF, 1), Double.NaN, 1).within(1));
        assertFalse(between(of(-INF, 1), INF, 1).within(1));
        assertFalse(between(of(1e308, 1), INF, 1).within(1));
        assertFalse(between(of(INF, 1), 1e308, 1).within(1));
        assertEquals(1, between(of(0, INF), 0, 1).nonFinite());
    }

    @Test
    void anInfiniteTruthDoesNotHideOtherElements() {
        assertEquals(1, between(of(INF, 2), INF, 1).relative());
        assertEquals(1, between(of(Double.NaN, 2), Double.NaN, 1).relative());
    }

    @Test
    void normsNeitherOverflowNorVanish() {
        double huge = 1.7e308;
        assertFalse(between(of(huge, huge, -huge), huge, huge, huge).within(1));
        assertEquals(1, between(of(huge, 0), 0, huge).relative() / Math.sqrt(2), 1e-15);
        assertEquals(
                0.5,
                between(of(huge, huge / 2, huge, huge), huge, huge, huge, huge).relative() * 2,
                1e-15);
        double tiny = Double.MIN_VALUE;
        assertEquals(1, between(of(2 * tiny), tiny).relative());
        assertEquals(INF, between(of(huge), tiny).relative());
    }

    @Property(tries = 200)
    void scalingByAPowerOfTwoChangesNothing(
            @ForAll @Size(min = 1, max = 6) List<@DoubleRange(min = -8, max = 8) Double> numbers,
            @ForAll @IntRange(min = -900, max = 900) int exponent) {
        double[] values = numbers.stream().mapToDouble(Double::doubleValue).toArray();
        double[] off = values.clone();
        off[0] += 0.125;
        double[] scaled = values.clone();
        double[] scaledOff = off.clone();
        for (int i = 0; i < values.length; i++) {
            scaled[i] = Math.scalb(values[i], exponent);
            scaledOff[i] = Math.scalb(off[i], exponent);
        }
        double expected = between(off, values).relative();
        double actual = between(scaledOff, scaled).relative();
        boolean zero = Norm.of(values).mantissa() == 0;
        assertEquals(zero ? Math.scalb(expected, exponent) : expected, actual, Math.abs(actual) * 1e-9);
    }

    @Property(tries = 100)
    void normsAddUpInPieces(@ForAll @Size(max = 9) double[] x, @ForAll @Size(max = 9) double[] y) {
        double[] all = new double[x.length + y.length];
        System.arraycopy(x, 0, all, 0, x.length);
        System.arraycopy(y, 0, all, x.length, y.length);
        Norm whole = Norm.of(all);
        Norm pieces = Norm.of(x).and(Norm.of(y));
        assertTrue(whole.mantissa() == 0 ? pieces.mantissa() == 0 : Math.abs(pieces.over(whole) - 1) < 1e-14);
    }

    @Property(tries = 300)
    void piecesSayWhatTheWholeSays(
            @ForAll("numbers") double[] actual, @ForAll("numbers") double[] truth, @ForAll @IntRange(max = 9) int cut) {
        int n = Math.min(actual.length, truth.length);
        double[] a = Arrays.copyOf(actual, n);
        double[] o = Arrays.copyOf(truth, n);
        int middle = Math.min(cut, n);
        Errors whole = between(a, o);
        Errors pieces = Errors.NONE
                .and(Errors.piece(a, o, 0, middle))
                .and(Errors.piece(Arrays.copyOfRange(a, middle, n), o, middle, n - middle));
        assertEquals(whole.largest(), pieces.largest());
        assertEquals(whole.at(), pieces.at());
        assertEquals(whole.nonFinite(), pieces.nonFinite());
        near(whole.error(), pieces.error());
        near(whole.size(), pieces.size());
    }

    private static void near(Norm expected, Norm actual) {
        assertTrue(
                expected.mantissa() == 0 ? actual.mantissa() == 0 : Math.abs(actual.over(expected) - 1) < 1e-13,
                expected + " and " + actual);
    }

    /// Equal and different ones, of every size that a double has, and some that are no numbers.
    @Provide
    Arbitrary<double[]> numbers() {
        return Arbitraries.oneOf(
                        Arbitraries.of(0.0, 1.0, -1.0, Double.NaN, INF, -INF, Double.MIN_VALUE, Double.MAX_VALUE),
                        Arbitraries.of(1.0, 2.0),
                        Arbitraries.integers().between(-1074, 1023).map(e -> Math.scalb(1.0, e)))
                .array(double[].class)
                .ofMaxSize(9);
    }
}

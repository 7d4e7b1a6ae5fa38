package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.thread.Threads;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class UpperValuesTest {
    private static final Loops ALONE = new Loops(new Threads(1));

    @Property
    void neverBelowAndHardlyAbove(@ForAll("notNegative") double[] values) {
        double[] upper = UpperValues.of(ALONE, values).doubles(ALONE, new double[values.length]);
        double largest = Arrays.stream(values).max().orElse(0);
        for (int i = 0; i < values.length; i++) {
            assertTrue(upper[i] >= values[i], values[i] + " became " + upper[i]);
            double room = values[i] * 0x1p-22 + largest * 0x1p-148 + Double.MIN_VALUE;
            assertTrue(upper[i] - values[i] <= room, values[i] + " became " + upper[i]);
            assertTrue(values[i] != 0 || upper[i] == 0);
        }
    }

    /// Of any size that a double has, within one array.
    @Provide
    Arbitrary<double[]> notNegative() {
        Arbitrary<Double> sizes = Arbitraries.integers()
                .between(-1074, 1022)
                .flatMap(e -> Arbitraries.doubles().between(1, 2).map(m -> Math.scalb(m, e)));
        return Arbitraries.oneOf(
                        Arbitraries.just(0.0), sizes, Arbitraries.doubles().between(0, 1))
                .array(double[].class)
                .ofMinSize(0)
                .ofMaxSize(8);
    }

    @Test
    void whatIsNotFiniteStaysSo() {
        double[] values = {Double.NaN, Double.POSITIVE_INFINITY, 0, Double.MAX_VALUE, 1};
        double[] upper = UpperValues.of(ALONE, values).doubles(ALONE, new double[values.length]);
        assertTrue(Double.isNaN(upper[0]));
        assertTrue(upper[1] == Double.POSITIVE_INFINITY && upper[3] >= Double.MAX_VALUE);
        assertTrue(upper[2] == 0 && upper[4] > 1);
        assertArrayEquals(new double[0], UpperValues.of(ALONE, new double[0]).doubles(ALONE, new double[0]));
    }
}

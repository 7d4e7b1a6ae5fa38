package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/// Norms against arithmetic without exponents' limits.
class NormTest {
    private static final MathContext DIGITS = new MathContext(40);

    private static void isTheNorm(double... x) {
        BigDecimal sum = Arrays.stream(x)
                .filter(Double::isFinite)
                .mapToObj(v -> new BigDecimal(v).pow(2))
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        Norm norm = Norm.of(x);
        if (sum.signum() == 0) {
            assertEquals(Norm.ZERO, norm);
            return;
        }
        BigDecimal two = BigDecimal.TWO.pow(norm.exponent(), DIGITS);
        double ratio = new BigDecimal(norm.mantissa())
                .multiply(two)
                .divide(sum.sqrt(DIGITS), DIGITS)
                .doubleValue();
        assertEquals(1, ratio, 1e-14, () -> Arrays.toString(x));
        // subnormal elements are not scaled all the way up
        assertTrue(norm.mantissa() >= 0x1p-51 && norm.mantissa() < 4 * Math.sqrt(x.length), norm::toString);
    }

    @Property
    void anyNumbers(@ForAll @Size(max = 40) double[] x) {
        isTheNorm(x);
    }

    @Property
    void numbersOfOneSize(
            @ForAll @Size(min = 1, max = 40) byte[] digits, @ForAll @IntRange(min = -1074, max = 1016) int at) {
        double[] x = new double[digits.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.scalb((double) digits[i], at);
        }
        isTheNorm(x);
    }

    @Test
    void extremes() {
        isTheNorm();
        isTheNorm(0, -0.0);
        isTheNorm(Double.MIN_VALUE);
        isTheNorm(Double.MAX_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE, 1);
        isTheNorm(1e-135, 1e-136, 1e-162);
        isTheNorm(Double.NaN, 3, Double.POSITIVE_INFINITY, 4);
        isTheNorm(Double.NaN);
    }
}

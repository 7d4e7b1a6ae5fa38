package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.SplittableRandom;
import java.util.function.DoubleFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/// The 16-bit conversions, against every pattern there is and against exact decimal arithmetic.
class NarrowTest {
    private static final int F16_INFINITY = 0x7C00;
    private static final int BF16_INFINITY = 0x7F80;

    @Test
    void everyHalfIsWhatItsFieldsSay() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            double value = Narrow.f16ToDouble((short) bits);
            assertEquals(byFields(bits, 10, 15), value, Integer.toHexString(bits));
            assertEquals(canonical(bits, F16_INFINITY, 0x7E00), Narrow.doubleToF16(value) & 0xFFFF);
        }
    }

    @Test
    void everyBfloatIsWhatItsFieldsSay() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            double value = Narrow.bf16ToDouble((short) bits);
            assertEquals(byFields(bits, 7, 127), value, Integer.toHexString(bits));
            assertEquals(canonical(bits, BF16_INFINITY, 0x7FC0), Narrow.doubleToBf16(value) & 0xFFFF);
        }
    }

    @Test
    void halvesBetweenNeighboursTieToEvenAndTheirNeighboursDoNot() {
        ties(F16_INFINITY, bits -> Narrow.f16ToDouble((short) bits), Narrow::doubleToF16, 65520);
        ties(BF16_INFINITY, bits -> Narrow.bf16ToDouble((short) bits), Narrow::doubleToBf16, 0x1.FFp127);
    }

    private interface Widen {
        double of(int bits);
    }

    private static void ties(int infinity, Widen widen, DoubleFunction<Short> narrow, double overflow) {
        for (int bits = 0; bits < infinity; bits++) {
            double low = widen.of(bits);
            double middle = bits + 1 == infinity ? overflow : (low + widen.of(bits + 1)) / 2;
            for (int sign = 0; sign <= 0x8000; sign += 0x8000) {
                double s = sign == 0 ? 1 : -1;
                assertEquals(sign | (bits + 1 & ~1), narrow.apply(s * middle) & 0xFFFF, () -> "tie " + middle);
                assertEquals(sign | bits, narrow.apply(s * Math.nextDown(middle)) & 0xFFFF);
                assertEquals(sign | bits + 1, narrow.apply(s * Math.nextUp(middle)) & 0xFFFF);
            }
        }
        assertEquals(0x8000, narrow.apply(-0.0) & 0xFFFF);
        assertEquals(0, narrow.apply(Double.MIN_VALUE) & 0xFFFF);
        assertEquals(infinity, narrow.apply(Double.MAX_VALUE) & 0xFFFF);
    }

    @Property(tries = 5000)
    void anyDoubleBecomesTheNearestByDecimalArithmetic(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double value = Math.scalb(random.nextDouble(-2, 2), random.nextInt(-30, 20));
        nearest(value, Narrow.doubleToF16(value) & 0xFFFF, F16_INFINITY, bits -> Narrow.f16ToDouble((short) bits));
        value = Math.scalb(value, random.nextInt(-120, 100));
        nearest(value, Narrow.doubleToBf16(value) & 0xFFFF, BF16_INFINITY, bits -> Narrow.bf16ToDouble((short) bits));
    }

    private static void nearest(double value, int got, int infinity, Widen widen) {
        int size = got & 0x7FFF;
        if (size >= infinity - 1) {
            return; // overflow is settled by the ties
        }
        BigDecimal exact = new BigDecimal(Math.abs(value));
        BigDecimal error = exact.subtract(new BigDecimal(widen.of(size))).abs();
        for (int other = Math.max(0, size - 1); other <= size + 1; other++) {
            int order = error.compareTo(
                    exact.subtract(new BigDecimal(widen.of(other))).abs());
            assertTrue(order < 0 || order == 0 && (other == size || (size & 1) == 0), () -> value + " became " + got);
        }
    }

    @Test
    void aDoubleIsNotRoundedTwice() {
        // As a float, 1 + 2^-8 + 2^-40 is the tie 1 + 2^-8, which goes to the even 1.
        assertEquals(0x3F81, Narrow.doubleToBf16(1 + 0x1p-8 + 0x1p-40) & 0xFFFF);
        assertEquals(0x3C01, Narrow.doubleToF16(1 + 0x1p-11 + 0x1p-40) & 0xFFFF);
        // As a double, 2^62 + 2^54 + 1 is the tie 2^62 + 2^54.
        assertEquals(0x5E81, Narrow.longToBf16((1L << 62) + (1L << 54) + 1) & 0xFFFF);
        assertEquals(0xDE81, Narrow.longToBf16(-(1L << 62) - (1L << 54) - 1) & 0xFFFF);
        assertEquals(0x5E80, Narrow.longToBf16((1L << 62) + (1L << 54)) & 0xFFFF);
    }

    @Property(tries = 5000)
    void anyLongBecomesTheNearestBfloat(@ForAll long value) {
        int bits = Narrow.longToBf16(value) & 0x7FFF;
        BigInteger exact = BigInteger.valueOf(value).abs();
        BigDecimal error = new BigDecimal(exact)
                .subtract(new BigDecimal(Narrow.bf16ToDouble((short) bits)))
                .abs();
        for (int other = Math.max(0, bits - 1); other <= bits + 1; other++) {
            BigDecimal others = new BigDecimal(exact)
                    .subtract(new BigDecimal(Narrow.bf16ToDouble((short) other)))
                    .abs();
            int order = error.compareTo(others);
            assertTrue(order < 0 || order == 0 && (other == bits || (bits & 1) == 0), () -> value + " became " + bits);
        }
    }

    private static int canonical(int bits, int infinity, int nan) {
        return (bits & 0x7FFF) > infinity ? nan : bits;
    }

    private static double byFields(int bits, int fraction, int bias) {
        int exponent = (bits & 0x7FFF) >> fraction;
        int rest = bits & (1 << fraction) - 1;
        double sign = (bits & 0x8000) == 0 ? 1 : -1;
        if (exponent == 2 * bias + 1) {
            return rest == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        return exponent == 0
                ? sign * rest * Math.pow(2, 1 - bias - fraction)
                : sign * (1 + rest / (double) (1 << fraction)) * Math.pow(2, exponent - bias);
    }
}

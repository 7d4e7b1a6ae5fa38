package deepflow.oracle.emulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.io.Narrow;
import deepflow.random.KeyedRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/// Rounding against `deepflow.io.Narrow`, over every number of the 16-bit types and what lies between two of them.
class FloatFormatTest {
    private static void everyNeighbourhood(
            FloatFormat format, IntToDoubleFunction widen, DoubleUnaryOperator reference) {
        for (int bits = 0; bits < 0x10000; bits++) {
            double x = widen.applyAsDouble(bits);
            if (!Double.isFinite(x)) {
                continue;
            }
            double next = widen.applyAsDouble(bits + 1 & 0xFFFF);
            double middle = Double.isFinite(next) ? (x + next) / 2 : 2 * x;
            for (double v : new double[] {x, Math.nextUp(x), middle, Math.nextUp(middle), Math.nextDown(middle)}) {
                assertEquals(reference.applyAsDouble(v), format.nearest(v), 0.0, () -> format + " of " + v);
            }
        }
    }

    @Test
    void bfloat16IsNarrowsBfloat16() {
        everyNeighbourhood(
                FloatFormat.BF16,
                bits -> Narrow.bf16ToDouble((short) bits),
                v -> Narrow.bf16ToDouble(Narrow.doubleToBf16(v)));
    }

    @Test
    void binary16IsNarrowsBinary16() {
        everyNeighbourhood(
                FloatFormat.FP16,
                bits -> Narrow.f16ToDouble((short) bits),
                v -> Narrow.f16ToDouble(Narrow.doubleToF16(v)));
    }

    @Test
    void specialValuesStayWhatTheyAre() {
        for (FloatFormat f : FloatFormat.values()) {
            assertTrue(Double.isNaN(f.nearest(Double.NaN)));
            assertEquals(Double.NEGATIVE_INFINITY, f.nearest(Double.NEGATIVE_INFINITY));
            assertEquals(Double.POSITIVE_INFINITY, f.stochastic(Double.POSITIVE_INFINITY, Long.MIN_VALUE));
            assertEquals(0, f.stochastic(0, -1));
        }
        assertEquals(Double.POSITIVE_INFINITY, FloatFormat.FP16.nearest(65520));
        assertEquals(65504, FloatFormat.FP16.nearest(65519));
    }

    @Test
    void tensorFloatKeepsTenBitsOfTheFraction() {
        KeyedRandom random = KeyedRandom.of(1, "tf32", 0);
        for (int i = 0; i < 100_000; i++) {
            float x = (float) (random.gaussian() * Math.pow(2, random.below(60) - 30));
            int bits = Float.floatToRawIntBits(x);
            int even = bits + 0xFFF + (bits >>> 13 & 1) & ~0x1FFF;
            assertEquals(Float.intBitsToFloat(even), FloatFormat.TF32.nearest(x), 0.0);
        }
    }

    @Test
    void stochasticRoundingGivesANeighbourAndIsRightOnAverage() {
        KeyedRandom random = KeyedRandom.of(2, "stochastic", 0);
        for (FloatFormat f :
                new FloatFormat[] {FloatFormat.BF16, FloatFormat.FP16, FloatFormat.TF32, FloatFormat.F32}) {
            for (double x : new double[] {1.003, -0.3337, 1.7e-3, 255.3, -3.1e-6, 1.9e-39}) {
                double sum = 0;
                int n = 20_000;
                for (int i = 0; i < n; i++) {
                    double y = f.stochastic(x, random.nextLong());
                    assertTrue(Math.abs(y - x) < 2 * (f.unit() * Math.abs(x) + f.underflow()));
                    assertEquals(y, f.nearest(y));
                    sum += y - x;
                }
                double unit = f.unit() * Math.abs(x) + f.underflow();
                assertEquals(0, sum / n, 6 * unit / Math.sqrt(n));
            }
            assertEquals(1.5, f.stochastic(1.5, -1), "a number of the type stays as it is");
        }
    }

    @Property
    void halfAUnitIsHalfTheDistanceToTheNextNumber(@ForAll double x, @ForAll float y) {
        assertEquals(Double.isFinite(x) ? Math.ulp(x) / 2 : 0.5, FloatFormat.F64.halfUnit(x));
        assertEquals(Float.isFinite(y) ? Math.ulp(y) / 2.0 : 0.5, FloatFormat.F32.halfUnit(y));
    }
}

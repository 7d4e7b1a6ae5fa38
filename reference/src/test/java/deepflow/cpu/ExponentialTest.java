package deepflow.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/// How far exp is from the truth, in units in the last place of the exact value: float64 against decimal
/// arithmetic of 50 digits, float32 against StrictMath in double. `-Ddeepflow.test.exhaustive=true` tries every float.
class ExponentialTest {
    private static final MathContext DIGITS = new MathContext(50);
    private static final double EXP_LIMIT = 0.82;

    private interface InPlace {
        void apply(double[] a, int from, int to);
    }

    private interface InPlaceFloat {
        void apply(float[] a, int from, int to);
    }

    @Test
    void float64ExpIsWithinOneUlp() {
        double[] x = new double[12_000];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < x.length; i++) {
            x[i] = switch (i % 6) {
                case 0 -> random.nextDouble(-746, 710);
                case 1 -> random.nextDouble(-1, 1);
                case 2 -> random.nextDouble(-745.2, -708);
                case 3 -> random.nextDouble(-40, 40);
                case 4 -> Math.scalb(random.nextDouble(-1, 1), -random.nextInt(60));
                // Where n changes: odd multiples of ½ ln 2.
                default -> (random.nextInt(-1070, 1024) + 0.5) * Math.log(2) * (1 + random.nextInt(-4, 5) * 0x1p-52);
            };
        }
        double worst = worst(x, ExponentialF64::exp, ExponentialTest::exp);
        assertTrue(worst < EXP_LIMIT, () -> "exp is " + worst + " ulp off");
    }

    private interface Exact {
        BigDecimal of(double x);
    }

    private static double worst(double[] x, InPlace f, Exact truth) {
        double[] y = x.clone();
        f.apply(y, 0, y.length);
        double worst = 0;
        for (int i = 0; i < x.length; i++) {
            BigDecimal exact = truth.of(x[i]);
            if (Double.isFinite(y[i]) || Double.isFinite(exact.doubleValue())) {
                double error = exact.subtract(new BigDecimal(y[i]))
                        .abs()
                        .divide(new BigDecimal(Math.ulp(exact.doubleValue())), DIGITS) // in double it could underflow
                        .doubleValue();
                worst = Math.max(worst, error);
            }
        }
        return worst;
    }

    /// eˣ: e to x/2¹⁶ by its series, squared 16 times.
    private static BigDecimal exp(double x) {
        BigDecimal r = new BigDecimal(x).divide(BigDecimal.valueOf(1 << 16), DIGITS);
        BigDecimal term = BigDecimal.ONE;
        BigDecimal sum = BigDecimal.ONE;
        for (int k = 1; k < 20; k++) {
            term = term.multiply(r, DIGITS).divide(BigDecimal.valueOf(k), DIGITS);
            sum = sum.add(term, DIGITS);
        }
        for (int i = 0; i < 16; i++) {
            sum = sum.multiply(sum, DIGITS);
        }
        return sum;
    }

    @Test
    void float32ExpIsWithinOneUlp() {
        double worst = worstFloat(ExponentialF32::exp, StrictMath::exp);
        assertTrue(worst < EXP_LIMIT, () -> "exp is " + worst + " ulp off");
    }

    /// Over every float, or every 4099th (a prime, so that all trailing bits occur).
    private static double worstFloat(InPlaceFloat f, DoubleUnaryOperator truth) {
        int stride = Boolean.getBoolean("deepflow.test.exhaustive") ? 1 : 4099;
        float[] x = new float[4096];
        float[] y = new float[4096];
        double worst = 0;
        for (long bits = 0; bits < 1L << 32; ) {
            for (int i = 0; i < x.length; i++, bits += stride) {
                x[i] = Float.intBitsToFloat((int) bits);
            }
            System.arraycopy(x, 0, y, 0, x.length);
            f.apply(y, 0, y.length);
            for (int i = 0; i < x.length; i++) {
                double exact = truth.applyAsDouble(x[i]);
                float rounded = (float) exact;
                if (Float.isFinite(rounded) && Float.isFinite(y[i])) {
                    worst = Math.max(worst, Math.abs(exact - y[i]) / Math.ulp(rounded));
                } else if (Float.compare(rounded, Float.isNaN(y[i]) ? Float.NaN : y[i]) != 0) {
                    // Infinite on one side only: the last finite value may differ by its ulp.
                    double error = Math.abs(Math.min(exact, 0x1p128) - Math.min(y[i], 0x1p128)) / 0x1p104;
                    worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
                }
            }
        }
        return worst;
    }

    @Test
    void endsOfTheRangeAreExact() {
        double[] x = {
            0.0,
            -0.0,
            Double.NEGATIVE_INFINITY,
            Double.POSITIVE_INFINITY,
            Double.NaN,
            Double.MIN_VALUE,
            -1e-300,
            -746,
            1e308,
            -1e308,
            709.782712893384,
            709.7827128933841,
            -745.1332191019411,
            -745.1332191019412
        };
        double[] e = {
            1,
            1,
            0,
            Double.POSITIVE_INFINITY,
            Double.NaN,
            1,
            1,
            0,
            Double.POSITIVE_INFINITY,
            0,
            StrictMath.exp(709.782712893384),
            Double.POSITIVE_INFINITY,
            Double.MIN_VALUE,
            0
        };
        double[] vectors = new double[16 * x.length]; // each in every lane, then each alone in a tail
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = x[i / 16];
        }
        ExponentialF64.exp(vectors, 0, vectors.length);
        for (int i = 0; i < vectors.length; i++) {
            double expected = e[i / 16];
            if (Double.isFinite(expected) && expected > 1) {
                assertEquals(expected, vectors[i], Math.ulp(expected), "exp " + x[i / 16]);
            } else {
                assertEquals(expected, vectors[i], "exp " + x[i / 16]);
            }
            assertEquals(Double.doubleToLongBits(vectors[i]), Double.doubleToLongBits(ExponentialF64.exp(x[i / 16])));
        }
    }

    @Test
    void vectorBodyAndScalarTailHaveTheSameBits() {
        SplittableRandom random = new SplittableRandom(3);
        double[] x = new double[64_000];
        float[] xf = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 2 == 0 ? random.nextDouble(-800, 800) : Double.longBitsToDouble(random.nextLong());
            xf[i] = i % 2 == 0 ? (float) random.nextDouble(-110, 110) : Float.intBitsToFloat(random.nextInt());
        }
        double[] e = x.clone();
        float[] ef = xf.clone();
        ExponentialF64.exp(e, 0, e.length);
        ExponentialF32.exp(ef, 0, ef.length);
        for (int i = 0; i < x.length; i++) {
            assertEquals(Double.doubleToLongBits(ExponentialF64.exp(x[i])), Double.doubleToLongBits(e[i]));
            assertEquals(Float.floatToIntBits(ExponentialF32.exp(xf[i])), Float.floatToIntBits(ef[i]));
        }
    }
}

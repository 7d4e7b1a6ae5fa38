package deepflow.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The software FMA against `Math.fma`, whose result the language defines: equal bits, any NaN counting as one.
class FmaTest {
    private static final int CASES = 400_000;

    @Test
    void float64AgreesOnEveryKindOfArgument() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < CASES; i++) {
            double a = number(random, i % 5);
            double b = number(random, i % 5);
            check(a, b, number(random, i % 5));
            check(a, b, nearly(random, -a * b)); // cancellation
            check(a, b, Math.scalb(nearly(random, a * b), random.nextInt(130) - 65)); // ties and sticky bits
        }
    }

    @Test
    void float32AgreesOnEveryKindOfArgument() {
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < CASES; i++) {
            float a = narrow(random, i % 5);
            float b = narrow(random, i % 5);
            check(a, b, narrow(random, i % 5));
            check(a, b, (float) nearly(random, -a * b));
            check(a, b, Math.scalb((float) nearly(random, a * b), random.nextInt(60) - 30));
        }
    }

    @Test
    void halfwayCasesAreDecidedByTheBitsBelow() {
        for (double tiny : new double[] {0x1p-60, -0x1p-60, 0x1p-107, -0x1p-107, 0x1p-300, 0}) {
            check(1 + 0x1p-52, 1 + 0x1p-52, tiny);
            check(1, 1 + 0x1p-53 * 2, tiny + 0x1p-53);
            check(0x1p-30 + tiny, 0x1p-30, 1 + 0x1p-52);
            check((float) (1 + 0x1p-23), (float) (1 + 0x1p-23), (float) tiny);
            check(0x1p-12f, 0x1p-12f, 1 + 0x1p-23f);
        }
    }

    @Test
    void specialValuesFollowIeee() {
        double[] special = {
            0.0,
            -0.0,
            1,
            -1,
            Double.NaN,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.MAX_VALUE,
            -Double.MAX_VALUE,
            Double.MIN_VALUE,
            -Double.MIN_VALUE,
            Double.MIN_NORMAL,
            0x1p-400,
            0x1p400,
            0x1p-801,
            0x1p-538,
            -0x1p-537,
            Float.MAX_VALUE,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_NORMAL,
            0x1p-75,
            0x1p64
        };
        for (double a : special) {
            for (double b : special) {
                for (double c : special) {
                    check(a, b, c);
                    check((float) a, (float) b, (float) c);
                }
            }
        }
    }

    private static void check(double a, double b, double c) {
        double expected = Math.fma(a, b, c);
        double actual = FmaF64.software(a, b, c);
        if (Double.doubleToLongBits(expected) != Double.doubleToLongBits(actual)) {
            assertEquals(expected, actual, () -> a + "·" + b + " + " + c);
        }
    }

    private static void check(float a, float b, float c) {
        float expected = Math.fma(a, b, c);
        float actual = FmaF32.software(a, b, c);
        if (Float.floatToIntBits(expected) != Float.floatToIntBits(actual)) {
            assertEquals(expected, actual, () -> a + "·" + b + " + " + c);
        }
    }

    /// Any bits, ordinary size, few significant bits, subnormal, or close to overflow.
    private static double number(SplittableRandom random, int kind) {
        double ordinary = (random.nextDouble() - 0.5) * 4;
        return switch (kind) {
            case 0 -> Double.longBitsToDouble(random.nextLong());
            case 1 -> ordinary;
            case 2 -> Math.scalb((double) random.nextInt(-16, 17), random.nextInt(-60, 61));
            case 3 -> Math.scalb(ordinary, -random.nextInt(500, 1075));
            default -> Math.scalb(ordinary, random.nextInt(480, 1024));
        };
    }

    private static float narrow(SplittableRandom random, int kind) {
        float ordinary = (random.nextFloat() - 0.5f) * 4;
        return switch (kind) {
            case 0 -> Float.intBitsToFloat(random.nextInt());
            case 1 -> ordinary;
            case 2 -> Math.scalb((float) random.nextInt(-16, 17), random.nextInt(-30, 31));
            case 3 -> Math.scalb(ordinary, -random.nextInt(50, 150));
            default -> Math.scalb(ordinary, random.nextInt(50, 128));
        };
    }

    /// The number or one a few units in its last place away.
    private static double nearly(SplittableRandom random, double x) {
        return x + random.nextInt(-3, 4) * Math.ulp(x);
    }
}

package deepflow.io;

/// Exact conversions between double and the two 16-bit floating types.
///
/// Narrowing rounds once, to nearest with ties to even, straight from the double (going through float would round
/// twice); it produces subnormals, overflows to infinity and turns every NaN into the canonical quiet one. Widening is
/// exact. All run in constant time.
public final class Narrow {
    private static final int F16_FRACTION = 10;
    private static final int BF16_FRACTION = 7;
    private static final int DOUBLE_FRACTION = 52;
    private static final long DOUBLE_MASK = (1L << DOUBLE_FRACTION) - 1;

    private Narrow() {}

    /// The half-precision number with these bits, exactly.
    public static double f16ToDouble(short bits) {
        return Float.float16ToFloat(bits);
    }

    /// The bfloat16 number with these bits, exactly.
    public static double bf16ToDouble(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /// The bits of the nearest half-precision number; NaN gives 0x7e00.
    public static short doubleToF16(double value) {
        return nearest(value, F16_FRACTION, 5);
    }

    /// The bits of the nearest bfloat16 number; NaN gives 0x7fc0.
    public static short doubleToBf16(double value) {
        return nearest(value, BF16_FRACTION, 8);
    }

    /// The bits of the bfloat16 number nearest to a long, rounded once.
    static short longToBf16(long value) {
        // Beyond 2^53 the conversion to double would round first: fold the low bits into a sticky one instead.
        long folded = (value & 0xFFF) == 0 || Math.abs(value) < 1L << 53 ? value : value & ~0xFFFL | 0x1000L;
        return doubleToBf16(folded);
    }

    private static short nearest(double value, int fraction, int exponentBits) {
        long bits = Double.doubleToRawLongBits(value);
        int sign = (int) (bits >>> 63) << 15;
        int exponentField = (int) (bits >>> DOUBLE_FRACTION) & 0x7FF;
        int infinity = (1 << exponentBits) - 1 << fraction;
        if (Double.isNaN(value)) {
            return (short) (infinity | 1 << fraction - 1);
        }
        if (exponentField == 0x7FF) {
            return (short) (sign | infinity);
        }
        if (exponentField == 0) {
            return (short) sign; // subnormal doubles are far below half of the smallest 16-bit number
        }
        long significand = bits & DOUBLE_MASK | 1L << DOUBLE_FRACTION;
        // Steps above the least exponent of a normal number; below it, bits fall off instead.
        int step = exponentField - 1023 - (2 - (1 << exponentBits - 1));
        int shift = DOUBLE_FRACTION - fraction - Math.min(step, 0);
        if (shift > DOUBLE_FRACTION + 1) {
            return (short) sign;
        }
        long kept = significand >>> shift;
        long lost = significand - (kept << shift);
        long half = 1L << shift - 1;
        if (lost > half || lost == half && (kept & 1) != 0) {
            kept++;
        }
        // The hidden bit of a normal number adds one to the exponent field; a carry out of the fraction does as well.
        long result = ((long) Math.max(step, 0) << fraction) + kept;
        return (short) (sign | (int) Math.min(result, infinity));
    }
}

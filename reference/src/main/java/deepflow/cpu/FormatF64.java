package deepflow.cpu;

import org.jspecify.annotations.Nullable;

/// What the elementary functions must know about binary64.
final class FormatF64 {
    /// 1.5·2⁵²: adding it rounds a small number to an integer, which then stands in the low bits.
    static final double MAGIC = 0x1.8p52;
    /// Bits of the stored fraction.
    static final int FRACTION = 52;
    /// Bias of the exponent.
    static final long BIAS = 1023;
    /// ln 2 = HIGH + LOW to twice the precision.
    static final double LN2_HIGH = 0x1.62e42fefa39efp-1;
    static final double LN2_LOW = 0x1.abc9e3b39803fp-56;
    /// Above it eˣ overflows, and below the other it is 0; with room to spare.
    static final double EXP_HIGH = 710;
    static final double EXP_LOW = -746;

    private FormatF64() {}

    /// The nearest number of this type, ties to even.
    static double round(double v) {
        return v;
    }

    /// Puts elements [from, to) into an array of doubles.
    static void widen(double[] v, double[] out, int from, int to) {
        System.arraycopy(v, from, out, from, to - from);
    }

    /// The array itself where this is its type, else null.
    static double @Nullable [] own(double[] v) {
        return v;
    }

    /// An array of doubles: an idle one where this is their type.
    static double[] array(PoolF64 pool, int elements) {
        return pool.take(elements);
    }

    /// The array itself where it is one of doubles, else null.
    static double @Nullable [] doubles(double[] v) {
        return v;
    }
}

package deepflow.oracle.emulation;

/// A floating type as a set of numbers: what rounding to it means. Numbers are held in doubles.
public enum FloatFormat {
    /// IEEE binary16: 11 significant bits.
    FP16(11, -14, 65504),
    /// bfloat16: 8 significant bits and the exponents of binary32.
    BF16(8, -126, 0x1.fep127),
    /// TensorFloat-32: 11 significant bits and the exponents of binary32; only inputs of products have it.
    TF32(11, -126, 0x1.ffcp127),
    /// IEEE binary32: 24 significant bits.
    F32(24, -126, Float.MAX_VALUE),
    /// IEEE binary64: every double as it is.
    F64(53, -1022, Double.MAX_VALUE);

    private static final int DOUBLE_BITS = 53;
    private static final int EXPONENT = 0x7ff;

    private final int bits;
    private final int leastExponent;
    private final double largest;
    /// Exponents, as a double has them in its bits, of normal numbers that cannot round to infinity: from `least…` on,
    /// below `most…`. A double has none: it is rounded in another way.
    private final int leastOrdinary;

    private final int mostOrdinary;

    FloatFormat(int bits, int leastExponent, double largest) {
        this.bits = bits;
        this.leastExponent = leastExponent;
        this.largest = largest;
        this.leastOrdinary = leastExponent + Double.MAX_EXPONENT;
        this.mostOrdinary = bits == DOUBLE_BITS ? 0 : Math.getExponent(largest) + Double.MAX_EXPONENT;
    }

    /// The unit roundoff u: half the distance from 1 to the next number.
    public double unit() {
        return Math.scalb(1.0, -bits);
    }

    /// The smallest positive number that has all its digits.
    public double leastNormal() {
        return Math.scalb(1.0, leastExponent);
    }

    /// Below it no number rounds to infinity; 0 where that is not how a type is rounded.
    double surelyFinite() {
        return this == F64 ? 0 : Math.scalb(1.0, Math.getExponent(largest));
    }

    /// Digits of a double that go.
    int droppedBits() {
        return DOUBLE_BITS - bits;
    }

    /// Half the smallest positive number: what rounding costs where the result is subnormal.
    public double underflow() {
        return this == F64 ? Double.MIN_VALUE : Math.scalb(1.0, leastExponent - bits);
    }

    /// The nearest number of this type, ties to even; beyond the largest one, an infinity.
    public double nearest(double x) {
        if (this == F64) {
            return x;
        }
        if (this == F32) {
            return (float) x;
        }
        long word = Double.doubleToRawLongBits(x);
        if (ordinary(word)) {
            long even = (1L << droppedBits() - 1) - 1 + (word >>> droppedBits() & 1);
            return bounded(truncated(word + even));
        }
        double quantum = quantum(x);
        return bounded(Math.rint(x / quantum) * quantum);
    }

    /// One of the two neighbours of x, the upper with the probability that makes the result x on average. A number of
    /// this type stays as it is.
    ///
    /// @param random 64 random bits
    public double stochastic(double x, long random) {
        long word = Double.doubleToRawLongBits(x);
        int exponent = (int) (word >>> DOUBLE_BITS - 1) & EXPONENT;
        if (exponent >= leastOrdinary && exponent < mostOrdinary) {
            // what is added to the digits that go carries into those that stay as often as it should
            return truncated(word + (random >>> Long.SIZE - droppedBits()));
        }
        if (x == 0) {
            return x;
        }
        if (this == F64) {
            // a double cannot hold what was rounded off: its result is moved by up to one unit in the last place
            double noise = (2 * uniform(random) - 1) * unit() * x;
            return Math.abs(x) < Double.MAX_VALUE ? x + noise : x;
        }
        if (ordinary(word)) {
            return bounded(truncated(word + (random >>> Long.SIZE - droppedBits())));
        }
        double quantum = quantum(x);
        return bounded(Math.floor(x / quantum + uniform(random)) * quantum);
    }

    private static double uniform(long random) {
        return (random >>> 11) * 0x1p-53;
    }

    /// Whether a double is a normal number of this type's exponents, as far as it is not too large.
    private boolean ordinary(long word) {
        int exponent = (int) (word >>> DOUBLE_BITS - 1) & EXPONENT;
        return exponent >= leastOrdinary && exponent != EXPONENT;
    }

    private double truncated(long word) {
        return Double.longBitsToDouble(word & -1L << droppedBits());
    }

    /// Half the distance between numbers of this type around x: what rounding to nearest may cost.
    public double halfUnit(double x) {
        return quantum(x) / 2;
    }

    /// Whether every number of `other` is one of this type.
    public boolean holds(FloatFormat other) {
        return bits >= other.bits && leastExponent <= other.leastExponent;
    }

    /// The distance between numbers of this type around x; 1 where x is not finite.
    private double quantum(double x) {
        int exponent = Math.getExponent(x);
        if (exponent > Double.MAX_EXPONENT) {
            return 1;
        }
        int power = Math.max(exponent, leastExponent) - bits + 1;
        return power < Double.MIN_EXPONENT
                ? Math.scalb(1.0, power)
                : Double.longBitsToDouble((long) (power + Double.MAX_EXPONENT) << DOUBLE_BITS - 1);
    }

    private double bounded(double x) {
        return Math.abs(x) > largest ? Math.copySign(Double.POSITIVE_INFINITY, x) : x;
    }
}

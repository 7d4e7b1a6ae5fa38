package deepflow.oracle;

/// A Euclidean norm as `mantissa`·2^`exponent`: it neither overflows nor underflows, whatever the elements.
///
/// @param mantissa 0, or a number of moderate size
/// @param exponent of two
record Norm(double mantissa, int exponent) {
    static final Norm ZERO = new Norm(0, 0);

    /// From here on up a sum of squares is no worse for those that underflowed, and no overflow if it is finite.
    private static final double ACCURATE = 1e-270;

    /// √Σx² of the elements that are finite.
    static Norm of(double[] x) {
        double sum = squares(x);
        return accurate(sum) ? ofSquares(sum) : ofExtremes(x);
    }

    /// Whether a sum of squares tells their norm: none overflowed, and those that underflowed do not matter.
    static boolean accurate(double squares) {
        return squares >= ACCURATE && squares <= Double.MAX_VALUE;
    }

    /// The norm whose square is an [accurate][#accurate] sum.
    static Norm ofSquares(double squares) {
        double norm = Math.sqrt(squares);
        int exponent = Math.getExponent(norm);
        return new Norm(Math.scalb(norm, -exponent), exponent);
    }

    /// √Σx² as one number, NaN where an element is not finite.
    static double ofFinite(double[] x) {
        double sum = squares(x);
        if (accurate(sum)) {
            return Math.sqrt(sum);
        }
        return allFinite(x) ? ofExtremes(x).value() : Double.NaN;
    }

    /// Whether no element is NaN or infinite.
    static boolean allFinite(double[] x) {
        if (squares(x) <= Double.MAX_VALUE) {
            return true;
        }
        for (double v : x) {
            if (!Double.isFinite(v)) {
                return false;
            }
        }
        return true;
    }

    private static double squares(double[] x) {
        return squares(x, 0, x.length);
    }

    /// Σx² of elements [from, to) in four sums, which need not wait for each other.
    static double squares(double[] x, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 3 < to; i += 4) {
            a += x[i] * x[i];
            b += x[i + 1] * x[i + 1];
            c += x[i + 2] * x[i + 2];
            d += x[i + 3] * x[i + 3];
        }
        for (; i < to; i++) {
            a += x[i] * x[i];
        }
        return a + b + (c + d);
    }

    private static Norm ofExtremes(double[] x) {
        double max = 0;
        for (double v : x) {
            if (Double.isFinite(v)) {
                max = Math.max(max, Math.abs(v));
            }
        }
        if (max == 0) {
            return ZERO;
        }
        int exponent = Math.getExponent(max);
        double factor = Math.scalb(1.0, -exponent); // a power of two: exact
        double sum = 0;
        for (double v : x) {
            if (Double.isFinite(v)) {
                double scaled = v * factor;
                sum += scaled * scaled;
            }
        }
        return new Norm(Math.sqrt(sum), exponent);
    }

    /// The norm of a single number that is not negative.
    static Norm of(double value) {
        return of(new double[] {value});
    }

    /// The norm of two vectors put together.
    Norm and(Norm other) {
        if (mantissa == 0 || other.mantissa == 0) {
            return mantissa == 0 ? other : this;
        }
        Norm large = exponent >= other.exponent ? this : other;
        Norm small = large == this ? other : this;
        double scaled = Math.scalb(small.mantissa, small.exponent - large.exponent);
        return new Norm(Math.hypot(large.mantissa, scaled), large.exponent);
    }

    /// The larger one.
    Norm max(Norm other) {
        return over(other) > 1 || other.mantissa == 0 ? this : other;
    }

    /// The ratio to another norm; the value itself where the other is 0.
    double over(Norm other) {
        return other.mantissa == 0 ? value() : Math.scalb(mantissa / other.mantissa, exponent - other.exponent);
    }

    /// As one number, infinite where that overflows.
    double value() {
        return Math.scalb(mantissa, exponent);
    }
}

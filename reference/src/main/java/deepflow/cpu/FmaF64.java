package deepflow.cpu;

/// a·b + c with one rounding, for one element: the instruction where there is one, otherwise software with the same
/// bits. (`Math.fma` without the instruction goes through BigDecimal and costs a microsecond.)
final class FmaF64 {
    // Exponents (biased) between which no step of the algorithm can overflow or lose bits to underflow.
    private static final int FACTOR_LOW = 1023 - 400;
    private static final int FACTOR_HIGH = 1023 + 400;
    private static final int SUMMAND_LOW = 1023 - 800;
    private static final int SUMMAND_HIGH = 1023 + 900;
    /// 2²⁷ + 1 splits a number in two halves of at most 26 bits (Veltkamp).
    private static final double SPLITTER = 0x1p27 + 1;

    private FmaF64() {}

    static double fma(double a, double b, double c) {
        return Machine.FMA ? Math.fma(a, b, c) : software(a, b, c);
    }

    /// The algorithm of Boldo and Melquiond (2008): with a·b = uh + ul exactly, c + ul = th + tl, uh + th = vh + vl,
    /// the result is vh + (tl + vl), where the inner sum is rounded to odd.
    static double software(double a, double b, double c) {
        int ea = exponent(a);
        int eb = exponent(b);
        int ec = exponent(c);
        if (((ea - FACTOR_LOW) | (FACTOR_HIGH - ea) | (eb - FACTOR_LOW) | (FACTOR_HIGH - eb)) < 0
                || (((ec - SUMMAND_LOW) | (SUMMAND_HIGH - ec)) < 0 && c != 0)) {
            return special(a, b, c);
        }
        if (c == 0) {
            return a * b; // in range, so neither zero nor subnormal: c has no say
        }
        double uh = a * b;
        double ul = productError(a, b, uh);
        double th = c + ul;
        double tl = sumError(c, ul, th);
        double vh = uh + th;
        double vl = sumError(uh, th, vh);
        return vh + sumToOdd(tl, vl);
    }

    private static double special(double a, double b, double c) {
        if (a == 0 || b == 0 || !Double.isFinite(a) || !Double.isFinite(b)) {
            return a * b + c; // the product is exact
        }
        return Double.isFinite(c) ? Math.fma(a, b, c) : c;
    }

    private static int exponent(double x) {
        return (int) (Double.doubleToRawLongBits(x) >>> 52) & 0x7ff;
    }

    /// a·b − p, exactly, where p = a·b rounded (Dekker).
    private static double productError(double a, double b, double p) {
        double ca = SPLITTER * a;
        double ah = ca - (ca - a);
        double al = a - ah;
        double cb = SPLITTER * b;
        double bh = cb - (cb - b);
        double bl = b - bh;
        return al * bl - (((p - ah * bh) - al * bh) - ah * bl);
    }

    /// a + b − s, exactly, where s = a + b rounded (Knuth).
    private static double sumError(double a, double b, double s) {
        double bb = s - a;
        return (a - (s - bb)) + (b - bb);
    }

    /// a + b, rounded to the neighbour with an odd last bit unless it is exact.
    private static double sumToOdd(double a, double b) {
        double s = a + b;
        double error = sumError(a, b, s);
        long bits = Double.doubleToRawLongBits(s);
        if (error == 0 || (bits & 1) != 0) {
            return s;
        }
        return Double.longBitsToDouble(bits + ((error > 0) == (s > 0) ? 1 : -1));
    }
}

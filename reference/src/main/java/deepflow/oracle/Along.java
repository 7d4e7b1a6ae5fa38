package deepflow.oracle;

/// How far errors e lie along a direction d, what a bug changes: sums over one tensor, or several, with w = 1/σ² of
/// each element. The coefficient is near 0 without the bug and near 1 with it. Its variance is
///
///     1/Σ w·d² + (common + pattern²)/(Σ w·d²)²
///
/// since rounding errors are not all independent: a row may be off as a whole by a unit roundoff u (a mean, a
/// 1/√variance), and elements by one of the accumulator's, in a pattern that a library's function has.
///
/// @param product Σ w·e·d
/// @param square Σ w·d²
/// @param common Σ over rows (u·Σ w·y·d)²
/// @param pattern u·Σ w·|y·d| with the accumulator's u; all tensors may have it alike
record Along(double product, double square, double common, double pattern) {
    static final Along NOTHING = new Along(0, 0, 0, 0);

    /// Of one tensor. Elements that are not finite, or of which no σ is known, do not count.
    ///
    /// @param mutant the tensor with the bug
    /// @param wide unit roundoff of the accumulator
    static Along of(EmulatedErrors.Case c, double[] mutant, double wide) {
        double[] actual = c.actual();
        double[] truth = c.truth();
        double[] sigma = c.sigma();
        int width = c.shape().rank() == 0 ? 1 : Math.max(1, c.shape().dim(-1));
        double unit = c.format().unit();
        double product = 0;
        double square = 0;
        double common = 0;
        double row = 0;
        double all = 0;
        for (int i = 0; i < truth.length; i++) {
            double d = mutant[i] - truth[i];
            double w = 1 / (sigma[i] * sigma[i]);
            if (Double.isFinite(w) && Double.isFinite(actual[i])) {
                product += w * d * (actual[i] - truth[i]);
                square += w * d * d;
                row += w * d * truth[i];
                all += Math.abs(w * d * truth[i]);
            }
            if ((i + 1) % width == 0) {
                common += unit * row * unit * row;
                row = 0;
            }
        }
        return new Along(product, square, common, wide * all);
    }

    Along and(Along other) {
        return new Along(
                product + other.product, square + other.square, common + other.common, pattern + other.pattern);
    }

    double coefficient() {
        return product / square;
    }

    double standardError() {
        return 1 / power();
    }

    /// Standard errors between a coefficient of 0 and one of 1.
    double power() {
        return square == 0 ? 0 : square / Math.sqrt(square + common + pattern * pattern);
    }
}

package deepflow.oracle;

/// How a bug's direction d fits one tensor's error e.
///
/// @param along how far e lies along d
/// @param left ‖e − d‖ over the limit of ‖e‖, less the share of d that may be left
/// @param error ‖e‖ over its limit
/// @param change ‖d‖ over that limit
/// @param numbers elements
/// @param unit unit roundoff of the type it was recorded in
record BugFit(Along along, double left, double error, double change, int numbers, double unit) {
    /// Of a gradient that a dump lacks, and that the bug leaves out.
    static final BugFit MISSING_AS_IT_SHOULD =
            new BugFit(new Along(1e12, 1e12, 0, 0), 0, 1e6, 1e6, Naming.ENOUGH_NUMBERS, 0);

    /// Standard errors from 0 that a coefficient has at least.
    private static final double SIGNIFICANT = 6;
    /// How far from 1 a coefficient may be beside its standard error: a bug's effect is not linear in low precision.
    private static final double NONLINEAR = 0.1;
    /// Share of d that may be left: what low precision makes of the bug itself.
    private static final double LEFT = 0.02;

    /// @param mutant the tensor with the bug
    /// @param ratio ‖e‖ over its limit; NaN where nothing was judged
    /// @param wide unit roundoff of the accumulator
    static BugFit of(EmulatedErrors.Case c, double[] mutant, double ratio, double wide) {
        double[] actual = c.actual();
        double[] truth = c.truth();
        double[] e = new double[truth.length];
        double[] d = new double[truth.length];
        double[] left = new double[truth.length];
        boolean finite = true;
        for (int i = 0; i < e.length; i++) {
            e[i] = actual[i] - truth[i];
            d[i] = mutant[i] - truth[i];
            left[i] = e[i] - d[i];
            finite &= Double.isFinite(e[i]);
        }
        double error = Norm.ofFinite(e);
        double change = Norm.ofFinite(d);
        double limit = error > 0 ? error / ratio : Norm.ofFinite(c.sigma());
        return new BugFit(
                Along.of(c, mutant, wide),
                finite ? (Norm.ofFinite(left) - LEFT * change) / limit : Double.POSITIVE_INFINITY,
                error / limit,
                change / limit,
                e.length,
                c.format().unit());
    }

    boolean changed() {
        return change > 2;
    }

    boolean explained() {
        return left <= 1 && significant() && !away();
    }

    /// Whether the error is clearly not what the bug makes of it.
    boolean untouched() {
        return significant() && away();
    }

    private boolean significant() {
        return along.square() >= SIGNIFICANT * SIGNIFICANT;
    }

    private boolean away() {
        return !(Math.abs(along.coefficient() - 1) <= NONLINEAR + 4 / Math.sqrt(along.square()));
    }

    /// Of a tensor that the bug makes zero, and that is not: far too small is something else.
    BugFit butNotZero() {
        return new BugFit(along, Double.POSITIVE_INFINITY, error, change, numbers, unit);
    }

    boolean contradicts() {
        return changed() && left > 1 && error > 1;
    }
}

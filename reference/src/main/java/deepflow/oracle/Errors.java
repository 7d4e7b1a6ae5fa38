package deepflow.oracle;

/// How far one array of numbers is from another. Elements that are not finite are equal when both are NaN or the same
/// infinity; norms are taken over the elements that are finite in both.
///
/// @param relative ‖a − o‖/max(‖o‖, scale); absolute where that is 0
/// @param largest the largest |a − o|; NaN if an element is not finite in one array only
/// @param at its index in row-major order; −1 when there are no elements
/// @param nonFinite index of the first element that is not finite in one of the two, and not equal; −1 if none
/// @param error ‖a − o‖
/// @param size ‖o‖
record Errors(double relative, double largest, int at, int nonFinite, Norm error, Norm size) {
    /// @param actual what was dumped
    /// @param truth what it should be, of equal length
    /// @param scale a norm to use in place of the truth's where that is smaller
    static Errors between(double[] actual, double[] truth, Norm scale) {
        double largest = -1;
        int at = -1;
        int nonFinite = -1;
        double[] e = new double[actual.length];
        for (int i = 0; i < actual.length; i++) {
            double a = actual[i];
            double o = truth[i];
            if (a == o || Double.isNaN(a) && Double.isNaN(o)) {
                continue;
            }
            if (!Double.isFinite(a) || !Double.isFinite(o)) {
                nonFinite = nonFinite < 0 ? i : nonFinite;
                continue;
            }
            e[i] = Math.abs(a - o);
            if (e[i] > largest) {
                largest = e[i];
                at = i;
            }
        }
        if (nonFinite >= 0) {
            return new Errors(Double.NaN, Double.NaN, nonFinite, nonFinite, Norm.of(e), Norm.of(truth));
        }
        at = at < 0 && actual.length > 0 ? 0 : at;
        Norm error = Norm.of(e);
        Norm size = Norm.of(truth);
        // two finite numbers whose difference overflows are as far apart as can be
        double relative = largest == Double.POSITIVE_INFINITY ? largest : error.over(size.max(scale));
        return new Errors(relative, Math.max(largest, 0), at, -1, error, size);
    }

    /// Whether the two agree up to a relative error.
    boolean within(double threshold) {
        return nonFinite < 0 && relative <= threshold;
    }
}

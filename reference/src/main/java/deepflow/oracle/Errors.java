package deepflow.oracle;

import java.util.Arrays;

/// How far one array of numbers is from another. Elements that are not finite are equal when both are NaN or the same
/// infinity; norms are taken over the elements that are finite in both.
///
/// @param largest the largest |a − o|; NaN if an element is not finite in one array only
/// @param at its index in row-major order; −1 when there are no elements
/// @param nonFinite index of the first element that is not finite in one of the two, and not equal; −1 if none
/// @param error ‖a − o‖
/// @param size ‖o‖
/// @param scale what the error is measured against where ‖o‖ is smaller
record Errors(double largest, int at, int nonFinite, Norm error, Norm size, Norm scale) {
    /// Of no elements.
    static final Errors NONE = new Errors(0, -1, -1, Norm.ZERO, Norm.ZERO, Norm.ZERO);

    /// @param actual what was dumped
    /// @param truth what it should be, of equal length
    /// @param scale a norm to use in place of the truth's where that is smaller
    static Errors between(double[] actual, double[] truth, Norm scale) {
        return piece(actual, truth, 0, actual.length).against(scale);
    }

    /// Of a piece of the truth, from an index on.
    ///
    /// @param actual begins with as many numbers
    static Errors piece(double[] actual, double[] truth, int from, int count) {
        double largest = 0;
        int at = count == 0 ? -1 : from;
        double squares = 0;
        double sizes = 0;
        for (int i = 0; i < count; i++) {
            double o = truth[from + i];
            double e = Math.abs(actual[i] - o);
            if (e > largest) {
                largest = e;
                at = from + i;
            }
            squares += e * e;
            sizes += o * o;
        }
        boolean exact = largest == 0 && squares == 0; // NaN is neither
        return Norm.accurate(sizes) && (exact || Norm.accurate(squares))
                ? new Errors(
                        largest, at, -1, exact ? Norm.ZERO : Norm.ofSquares(squares), Norm.ofSquares(sizes), Norm.ZERO)
                : ofExtremes(actual, truth, from, count);
    }

    private static Errors ofExtremes(double[] actual, double[] truth, int from, int count) {
        double largest = 0;
        int at = count == 0 ? -1 : from;
        int nonFinite = -1;
        double[] e = new double[count];
        for (int i = 0; i < count; i++) {
            double a = actual[i];
            double o = truth[from + i];
            if (a == o || Double.isNaN(a) && Double.isNaN(o)) {
                continue;
            }
            if (!Double.isFinite(a) || !Double.isFinite(o)) {
                nonFinite = nonFinite < 0 ? from + i : nonFinite;
                continue;
            }
            e[i] = Math.abs(a - o);
            if (e[i] > largest) {
                largest = e[i];
                at = from + i;
            }
        }
        Norm size = Norm.of(Arrays.copyOfRange(truth, from, from + count));
        return nonFinite >= 0
                ? new Errors(Double.NaN, nonFinite, nonFinite, Norm.of(e), size, Norm.ZERO)
                : new Errors(largest, at, -1, Norm.of(e), size, Norm.ZERO);
    }

    /// Of this piece and the one behind it.
    Errors and(Errors next) {
        Norm both = error.and(next.error);
        Norm sizes = size.and(next.size);
        int first = nonFinite >= 0 ? nonFinite : next.nonFinite;
        if (first >= 0) {
            return new Errors(Double.NaN, first, first, both, sizes, scale);
        }
        Errors larger = at < 0 || next.largest > largest ? next : this;
        return new Errors(larger.largest, larger.at, -1, both, sizes, scale);
    }

    /// Measured against a norm where that is larger than the truth's.
    Errors against(Norm other) {
        return new Errors(largest, at, nonFinite, error, size, other);
    }

    /// ‖a − o‖/max(‖o‖, scale); absolute where that is 0. Infinite where two finite numbers are so far apart that their
    /// difference is, NaN where an element is not finite in one array only.
    double relative() {
        return nonFinite >= 0 || largest == Double.POSITIVE_INFINITY ? largest : error.over(size.max(scale));
    }

    /// Whether the two agree up to a relative error.
    boolean within(double threshold) {
        return nonFinite < 0 && relative() <= threshold;
    }
}

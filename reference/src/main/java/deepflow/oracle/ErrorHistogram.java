package deepflow.oracle;

import java.util.Arrays;

/// How a tensor's errors are spread over its elements, as counts over a logarithmic scale.
///
/// An element's error is taken relative to what an element has on average, the root mean square of the truth: then the
/// root mean square of these numbers is ‖a − o‖/‖o‖, the tensor's relative error. Where the truth is 0 they are
/// absolute.
///
/// @param exact elements that are equal, both NaN, or the same infinity
/// @param notFinite elements that are finite in one only, or other infinities
/// @param first the number of the first bin; 0 if there are none
/// @param counts how many of the others lie in bin `first + i`: bin b holds [10^(b/4), 10^((b+1)/4))
public record ErrorHistogram(long exact, long notFinite, int first, long[] counts) {
    /// Bins for every power of ten.
    public static final int PER_DECADE = 4;

    /// Below and above these numbers errors are counted in the outermost bins.
    private static final int LEAST = -25 * PER_DECADE;

    private static final int MOST = 25 * PER_DECADE - 1;

    /// Copies the counts.
    public ErrorHistogram {
        counts = counts.clone();
    }

    /// A copy of the counts.
    @Override
    public long[] counts() {
        return counts.clone();
    }

    /// @param actual what was dumped
    /// @param truth what it should be, of equal length
    /// @param size ‖truth‖, or what errors are measured against in its place
    static ErrorHistogram of(double[] actual, double[] truth, Norm size) {
        // of the root mean square; StrictMath, since a count must not depend on the machine
        double log = size.mantissa() == 0
                ? 0
                : StrictMath.log10(size.mantissa() / Math.sqrt(actual.length)) + size.exponent() * StrictMath.log10(2);
        long[] bins = new long[MOST - LEAST + 1];
        long exact = 0;
        long notFinite = 0;
        for (int i = 0; i < actual.length; i++) {
            double a = actual[i];
            double o = truth[i];
            if (a == o || Double.isNaN(a) && Double.isNaN(o)) {
                exact++;
            } else if (!Double.isFinite(a) || !Double.isFinite(o)) {
                notFinite++;
            } else {
                double magnitude = StrictMath.log10(Math.abs(a - o)) - log;
                int bin = (int) Math.max(LEAST, Math.min(MOST, Math.floor(magnitude * PER_DECADE)));
                bins[bin - LEAST]++;
            }
        }
        int first = 0;
        while (first < bins.length && bins[first] == 0) {
            first++;
        }
        if (first == bins.length) {
            return new ErrorHistogram(exact, notFinite, 0, new long[0]);
        }
        int end = bins.length;
        while (bins[end - 1] == 0) {
            end--;
        }
        return new ErrorHistogram(exact, notFinite, first + LEAST, Arrays.copyOfRange(bins, first, end));
    }
}

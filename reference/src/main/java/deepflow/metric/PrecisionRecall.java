package deepflow.metric;

import java.util.Arrays;

/// Precision and recall of samples (Kynkäänniemi et al. 2019). A set's manifold is the union of balls around its
/// points, each up to the point's k-th nearest neighbour in the set, the boundary included.
///
/// @param precision the share of samples in the reference's manifold: how many look real
/// @param recall the share of the reference in the samples' manifold: how much of it is covered
public record PrecisionRecall(double precision, double recall) {
    /// Computes both.
    ///
    /// @param k neighbours, at least 1; 3 is usual
    /// @throws IllegalArgumentException if a set has no k-th neighbours, or widths differ
    public static PrecisionRecall of(Features samples, Features reference, int k) {
        samples.checkWidth(reference);
        return new PrecisionRecall(inside(samples, reference, k), inside(reference, samples, k));
    }

    private static double inside(Features points, Features manifold, int k) {
        if (k < 1 || manifold.count() <= k || points.count() < 1) {
            throw new IllegalArgumentException("precision and recall with " + k + " neighbours need more than "
                    + Math.max(k, 1) + " points in each set, got " + points.count() + " and " + manifold.count());
        }
        double[] radii = new double[manifold.count()];
        double[] distances = new double[manifold.count()];
        for (int i = 0; i < radii.length; i++) {
            for (int j = 0; j < radii.length; j++) {
                distances[j] = manifold.squaredDistance(i, manifold, j);
            }
            distances[i] = -1; // itself comes first
            double[] sorted = distances.clone();
            Arrays.sort(sorted);
            radii[i] = sorted[k];
        }
        int found = 0;
        for (int i = 0; i < points.count(); i++) {
            for (int j = 0; j < radii.length; j++) {
                if (points.squaredDistance(i, manifold, j) <= radii[j]) {
                    found++;
                    break;
                }
            }
        }
        return (double) found / points.count();
    }
}

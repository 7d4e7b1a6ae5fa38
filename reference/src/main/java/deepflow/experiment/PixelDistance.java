package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.metric.Features;
import deepflow.metric.FrechetDistance;
import deepflow.metric.Gaussian;
import java.util.Arrays;

/// The Fréchet distance between samples and data with the pixels themselves as features, samples clipped to [−1, 1].
///
/// @param data mean and covariance of the data
record PixelDistance(Gaussian data) {
    /// The distance to all images of a data set.
    ///
    /// @param seed of the run; matters where images are drawn
    static PixelDistance to(DataSet set, long seed) {
        return new PixelDistance(Gaussian.of(pixels(set, seed)));
    }

    /// All images, one a row.
    static Features pixels(DataSet set, long seed) {
        int width = set.channels() * set.side() * set.side();
        double[] rows = new double[Math.multiplyExact(set.count(), width)];
        for (int i = 0; i < set.count(); i++) {
            System.arraycopy(set.image(i, seed, 0), 0, rows, i * width, width);
        }
        return Features.of(rows, width);
    }

    /// @param samples (N, C, H, W) in row-major order
    double of(double[] samples) {
        double[] clipped = Arrays.stream(samples).map(v -> Math.clamp(v, -1, 1)).toArray();
        return FrechetDistance.between(Gaussian.of(Features.of(clipped, data.width())), data);
    }
}

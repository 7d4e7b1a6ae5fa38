package deepflow.metric;

import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/// Mean and covariance of features: all that a Fréchet distance looks at.
///
/// @param mean μ (D)
/// @param covariance Σ (D, D) in row-major order, symmetric
public record Gaussian(double[] mean, double[] covariance) {
    /// @throws IllegalArgumentException if the covariance is not D·D numbers, or not symmetric up to rounding
    public Gaussian {
        int d = mean.length;
        if (d < 1 || covariance.length != (long) d * d) {
            throw new IllegalArgumentException(
                    "a mean of " + d + " numbers needs a covariance of " + (long) d * d + ", got " + covariance.length);
        }
        double largest = 0;
        for (double v : covariance) {
            largest = Math.max(largest, Math.abs(v));
        }
        for (int i = 0; i < d; i++) {
            for (int j = 0; j < i; j++) {
                if (!(Math.abs(covariance[i * d + j] - covariance[j * d + i]) <= 1e-6 * largest)) {
                    throw new IllegalArgumentException("the covariance is not symmetric, or not finite");
                }
            }
        }
    }

    /// The statistics of at least two samples; the covariance is the unbiased one (divided by N − 1), as NumPy's `cov`.
    ///
    /// @throws IllegalArgumentException if there are fewer
    public static Gaussian of(Features f) {
        int n = f.count();
        int d = f.width();
        if (n < 2) {
            throw new IllegalArgumentException("a covariance needs at least two samples, got " + n);
        }
        double[] mean = new double[d];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < d; j++) {
                mean[j] += f.values()[i * d + j];
            }
        }
        for (int j = 0; j < d; j++) {
            mean[j] /= n;
        }
        double[] centred = new double[f.values().length];
        for (int i = 0; i < centred.length; i++) {
            centred[i] = f.values()[i] - mean[i % d];
        }
        DMatrixRMaj x = DMatrixRMaj.wrap(n, d, centred);
        DMatrixRMaj covariance = new DMatrixRMaj(d, d);
        CommonOps_DDRM.multInner(x, covariance);
        CommonOps_DDRM.divide(covariance, n - 1);
        return new Gaussian(mean, covariance.getData());
    }

    /// D.
    public int width() {
        return mean.length;
    }
}

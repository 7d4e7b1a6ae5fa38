package deepflow.experiment;

import deepflow.data.DataSet;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/// The Fréchet distance between samples and data with the pixels themselves as features, samples clipped to [−1, 1]:
/// ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½).
///
/// @param data mean and covariance of the data
record PixelDistance(Moments data) {
    /// Mean and covariance (n − 1).
    record Moments(double[] mean, DMatrixRMaj covariance) {
        static Moments of(double[] rows, int width) {
            int n = rows.length / width;
            double[] mean = new double[width];
            for (int i = 0; i < rows.length; i++) {
                mean[i % width] += rows[i] / n;
            }
            DMatrixRMaj centred = new DMatrixRMaj(n, width);
            for (int i = 0; i < rows.length; i++) {
                centred.data[i] = rows[i] - mean[i % width];
            }
            DMatrixRMaj covariance = new DMatrixRMaj(width, width);
            CommonOps_DDRM.multTransA(1.0 / (n - 1), centred, centred, covariance);
            return new Moments(mean, covariance);
        }
    }

    /// The distance to all images of a data set.
    static PixelDistance to(DataSet set, long seed, int width) {
        double[] rows = new double[Math.multiplyExact(set.count(), width)];
        for (int i = 0; i < set.count(); i++) {
            System.arraycopy(set.image(i, seed, 0), 0, rows, i * width, width);
        }
        return new PixelDistance(Moments.of(rows, width));
    }

    /// @param samples (N, C, H, W) in row-major order
    double of(double[] samples) {
        double[] clipped = samples.clone();
        for (int i = 0; i < clipped.length; i++) {
            clipped[i] = Math.clamp(clipped[i], -1.0, 1.0);
        }
        Moments other = Moments.of(clipped, data.mean().length);
        double distance = 0;
        for (int i = 0; i < data.mean().length; i++) {
            double d = data.mean()[i] - other.mean()[i];
            distance += d * d;
        }
        DMatrixRMaj root = root(data.covariance());
        DMatrixRMaj half = new DMatrixRMaj(root.numRows, root.numCols);
        DMatrixRMaj product = half.createLike();
        CommonOps_DDRM.mult(root, other.covariance(), half);
        CommonOps_DDRM.mult(half, root, product);
        return distance
                + CommonOps_DDRM.trace(data.covariance())
                + CommonOps_DDRM.trace(other.covariance())
                - 2 * CommonOps_DDRM.trace(root(product));
    }

    /// The symmetric root of a positive semidefinite matrix; eigenvalues below 0 by rounding count as 0.
    private static DMatrixRMaj root(DMatrixRMaj symmetric) {
        int n = symmetric.numRows;
        DMatrixRMaj even = symmetric.copy();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                double mean = (symmetric.get(i, j) + symmetric.get(j, i)) / 2;
                even.set(i, j, mean);
                even.set(j, i, mean);
            }
        }
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
        if (!eigen.decompose(even)) {
            throw new ArithmeticException("a covariance matrix has no eigenvalues: it is not finite");
        }
        DMatrixRMaj root = new DMatrixRMaj(n, n);
        for (int i = 0; i < n; i++) {
            DMatrixRMaj v = eigen.getEigenVector(i);
            double scale = Math.sqrt(Math.max(0, eigen.getEigenvalue(i).getReal()));
            CommonOps_DDRM.multAddTransB(scale, v, v, root);
        }
        return root;
    }
}

package deepflow.metric;

import java.util.Arrays;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;

/// The Fréchet distance between two Gaussians (Dowson and Landau 1982; Heusel et al. 2017), squared, as everybody
/// reports it:
///
/// d² = |μ₁ − μ₂|² + tr Σ₁ + tr Σ₂ − 2·tr (√Σ₁·Σ₂·√Σ₁)^½.
///
/// The last trace is that of the absolute value of √Σ₂·√Σ₁: the sum of its singular values, which lose nothing to
/// rounding; the eigenvalues of the product are their squares, and those near 0 drown in it. The roots are taken by
/// symmetric eigendecomposition, where eigenvalues below D·ε·max count as 0, so that a singular covariance needs no
/// nudge.
public final class FrechetDistance {
    private FrechetDistance() {}

    /// d², 0 or more.
    ///
    /// @throws IllegalArgumentException if the widths differ or a covariance is not finite
    public static double between(Gaussian a, Gaussian b) {
        int d = a.width();
        if (b.width() != d) {
            throw new IllegalArgumentException(
                    "the samples have " + d + " features each, the reference has " + b.width());
        }
        double distance = 0;
        for (int i = 0; i < d; i++) {
            double difference = a.mean()[i] - b.mean()[i];
            distance += difference * difference;
            distance += a.covariance()[i * d + i] + b.covariance()[i * d + i];
        }
        DMatrixRMaj product = new DMatrixRMaj(d, d);
        CommonOps_DDRM.mult(root(matrix(b)), root(matrix(a)), product);
        SingularValueDecomposition_F64<DMatrixRMaj> singular = DecompositionFactory_DDRM.svd(d, d, false, false, true);
        if (!singular.decompose(product)) {
            throw new IllegalArgumentException("the covariances have no singular values: they are not finite");
        }
        distance -= 2 * Arrays.stream(singular.getSingularValues(), 0, d).sum();
        return Math.max(0, distance);
    }

    private static DMatrixRMaj matrix(Gaussian g) {
        return new DMatrixRMaj(g.width(), g.width(), true, g.covariance());
    }

    /// √S = V·diag(√λ)·Vᵀ.
    private static DMatrixRMaj root(DMatrixRMaj s) {
        int d = s.getNumRows();
        EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(s);
        double largest = 0;
        for (int i = 0; i < d; i++) {
            largest = Math.max(largest, eigen.getEigenvalue(i).getReal());
        }
        double rounding = d * Math.ulp(1.0) * largest;
        DMatrixRMaj vectors = new DMatrixRMaj(d, d);
        DMatrixRMaj scaled = new DMatrixRMaj(d, d);
        for (int i = 0; i < d; i++) {
            double value = eigen.getEigenvalue(i).getReal();
            double length = value > rounding ? Math.sqrt(value) : 0;
            DMatrixRMaj v = eigen.getEigenVector(i);
            for (int j = 0; j < d; j++) {
                vectors.set(j, i, v.get(j));
                scaled.set(j, i, length * v.get(j));
            }
        }
        DMatrixRMaj root = new DMatrixRMaj(d, d);
        CommonOps_DDRM.multTransB(scaled, vectors, root);
        return root;
    }

    private static EigenDecomposition_F64<DMatrixRMaj> decompose(DMatrixRMaj s) {
        DMatrixRMaj symmetric = new DMatrixRMaj(s);
        int d = s.getNumRows();
        for (int i = 0; i < d; i++) {
            for (int j = 0; j < i; j++) {
                double mean = 0.5 * (s.get(i, j) + s.get(j, i));
                symmetric.set(i, j, mean);
                symmetric.set(j, i, mean);
            }
        }
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(d, true, true);
        if (!eigen.decompose(symmetric)) {
            throw new IllegalArgumentException("the covariance has no eigenvalues: it is not finite");
        }
        return eigen;
    }
}

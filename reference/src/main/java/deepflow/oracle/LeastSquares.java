package deepflow.oracle;

import java.util.List;

/// Weighted least squares with a few unknowns: y ≈ Σ xₜ·columnₜ, weights 1/σ².
final class LeastSquares {
    private final int unknowns;
    /// Normal equations, the right-hand side in the last column.
    private final double[][] normal;

    LeastSquares(int unknowns) {
        this.unknowns = unknowns;
        this.normal = new double[unknowns][unknowns + 1];
    }

    /// Adds numbers.
    ///
    /// @param columns one for each unknown
    /// @param sigma standard deviation of each number of `y`
    void add(List<double[]> columns, double[] y, double[] sigma) {
        for (int i = 0; i < y.length; i++) {
            double w = 1 / (sigma[i] * sigma[i]);
            if (!Double.isFinite(w) || !Double.isFinite(y[i])) {
                continue;
            }
            for (int r = 0; r < unknowns; r++) {
                for (int c = 0; c < unknowns; c++) {
                    normal[r][c] += w * columns.get(r)[i] * columns.get(c)[i];
                }
                normal[r][unknowns] += w * columns.get(r)[i] * y[i];
            }
        }
    }

    /// The unknowns; NaN where the columns do not determine them.
    double[] solve() {
        double[] right = new double[unknowns];
        for (int r = 0; r < unknowns; r++) {
            right[r] = normal[r][unknowns];
        }
        return solve(right);
    }

    /// Their standard errors.
    double[] standardErrors() {
        double[] errors = new double[unknowns];
        for (int i = 0; i < unknowns; i++) {
            double[] unit = new double[unknowns];
            unit[i] = 1;
            errors[i] = Math.sqrt(solve(unit)[i]); // the diagonal of the inverse
        }
        return errors;
    }

    /// Gaussian elimination; the matrix is positive definite, so that the diagonal is a good pivot.
    private double[] solve(double[] right) {
        double[][] a = new double[unknowns][];
        double[] x = right.clone();
        for (int r = 0; r < unknowns; r++) {
            a[r] = normal[r].clone();
        }
        for (int p = 0; p < unknowns; p++) {
            for (int r = p + 1; r < unknowns; r++) {
                double f = a[r][p] / a[p][p];
                for (int c = p; c < unknowns; c++) {
                    a[r][c] -= f * a[p][c];
                }
                x[r] -= f * x[p];
            }
        }
        for (int r = unknowns - 1; r >= 0; r--) {
            for (int c = r + 1; c < unknowns; c++) {
                x[r] -= a[r][c] * x[c];
            }
            x[r] /= a[r][r];
        }
        return x;
    }
}

package deepflow.oracle.budget;

/// How far a sum of n terms, computed in any order, is from the exact one, relative to the sum of the terms'
/// absolute values.
///
/// @param unit the accumulator's unit roundoff u
/// @param risk the probability α that one of all results of an operation is further off
public record Accumulation(double unit, double risk) {
    /// γ = exp(λ·√n·u + n·u²/(1−u)) − 1 with λ = √(2·ln(2·n·N/α)) (Higham and Mary 2019), and never more than the
    /// certain n·u/(1 − n·u).
    ///
    /// @param n terms of each sum
    /// @param results N, how many sums the operation computes
    public double gamma(long n, long results) {
        if (n <= 0 || results <= 0) {
            return 0;
        }
        double nu = n * unit;
        double certain = nu < 1 ? nu / (1 - nu) : Double.POSITIVE_INFINITY;
        double lambda = spread(n, results);
        double probable = StrictMath.expm1(lambda * Math.sqrt(n) * unit + nu * unit / (1 - unit));
        return Math.min(certain, probable);
    }

    /// λ: how many standard deviations from its mean one of N sums of n random terms is at most.
    double spread(long n, long results) {
        return Math.sqrt(2 * StrictMath.log(2.0 * n * results / risk));
    }
}

package deepflow.oracle.budget;

import java.util.List;

/// How large the error of a right implementation is, seen from emulated runs: its size σ, and the limit it exceeds
/// with a given small probability.
///
/// ‖e‖² is taken for a sum of ν independent squares, so that its ratio to the mean over R runs is F-distributed with
/// (ν, R·ν) degrees of freedom. ν follows from how much ln‖e‖² varies from run to run, its variance widened by
/// (t/z)² since R runs tell it only roughly. A right implementation is not an emulated run: it rounds here and there
/// once more or less; that its own σ differs is a factor exp(±[#DIFFERENCE]) of one standard deviation.
///
/// @param sigma the error's root mean square norm
/// @param limit what the error exceeds with the given probability
/// @param freedom ν
public record PredictionLimit(double sigma, double limit, double freedom) {
    /// Standard deviation of ln σ among right implementations (measured in `docs/verdict.md`).
    public static final double DIFFERENCE = 0.15;
    /// Beyond so many degrees of freedom the difference of implementations is all that counts.
    private static final double MOST_FREEDOM = 2000;

    /// @param squares ‖e‖² of each run, at least two
    /// @param elements of the tensor: it has no more independent squares than that
    /// @param least a lower bound on σ: errors this small are never held against anyone
    /// @param risk the probability that a right implementation's error exceeds the limit
    public static PredictionLimit of(List<Double> squares, int elements, double least, double risk) {
        int runs = squares.size();
        double mean = squares.stream().mapToDouble(s -> s).average().orElse(0);
        double sigma = Math.max(Math.sqrt(mean), least);
        double freedom = Math.max(1, Math.min(elements, freedom(squares, risk)));
        double factor = Distributions.exceededF(freedom, runs * freedom, risk);
        double limit = sigma * Math.sqrt(factor) * StrictMath.exp(DIFFERENCE * Distributions.exceededNormal(risk));
        return new PredictionLimit(sigma, limit, freedom);
    }

    /// Variance of the logarithm of a mean of so many squares of normal numbers: ψ₁(n/2).
    public static double varianceOfLogarithm(int squares) {
        return Distributions.trigamma(squares / 2.0);
    }

    private static double freedom(List<Double> squares, double risk) {
        double[] logs = squares.stream()
                .filter(s -> s > 0)
                .mapToDouble(Math::log)
                .filter(Double::isFinite)
                .toArray();
        if (logs.length < 2) {
            return 1;
        }
        double mean = 0;
        for (double l : logs) {
            mean += l / logs.length;
        }
        double variance = 0;
        for (double l : logs) {
            variance += (l - mean) * (l - mean) / (logs.length - 1);
        }
        double ratio = Distributions.exceededT(logs.length - 1.0, risk) / Distributions.exceededNormal(risk);
        double wide = variance * ratio * ratio;
        if (wide < Distributions.trigamma(MOST_FREEDOM / 2)) {
            return MOST_FREEDOM;
        }
        return Distributions.freedomOfLogarithm(wide);
    }
}

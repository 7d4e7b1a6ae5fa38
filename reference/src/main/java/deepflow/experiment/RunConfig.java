package deepflow.experiment;

import deepflow.model.ModelConfig;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import deepflow.train.TimeSampler;
import deepflow.train.TrainingDraws;
import org.jspecify.annotations.Nullable;

/// Everything that a run's numbers depend on, but for how many steps it takes. Two runs of one
/// configuration, on one kind of device, have the same bytes at every step they share.
///
/// @param model what is trained
/// @param data name or folder of the data set, as given
/// @param features folder of encoder features for SSL alignment; null for none
/// @param seed of initial weights, order, noise, times and dropout
/// @param batch samples a step, over all parts
/// @param accumulate parts in which a batch is computed; divides `batch`
/// @param objective what is minimised
/// @param time law of t₁
/// @param alpha α, the largest time gap
/// @param dropout probability of the null label
/// @param optimizer its constants
/// @param precision computed in, and kept in checkpoints
/// @param products what the factors of matrix products are rounded to
public record RunConfig(
        ModelConfig model,
        String data,
        @Nullable String features,
        long seed,
        int batch,
        int accumulate,
        Objective objective,
        TimeSampler time,
        double alpha,
        double dropout,
        OptimizerConfig optimizer,
        DType precision,
        ProductPrecision products) {
    private static final int LARGEST_BATCH = 1 << 20;

    /// @throws IllegalArgumentException if a number is out of its range; one sentence without full stop
    public RunConfig {
        check(batch >= 1 && batch <= LARGEST_BATCH, "batch must be from 1 to " + LARGEST_BATCH + ", got " + batch);
        check(
                accumulate >= 1 && batch % accumulate == 0,
                "a batch of " + batch + " cannot be computed in " + accumulate + " equal parts");
        check(alpha >= 0 && alpha <= 1, "alpha must be from 0 to 1, got " + alpha);
        check(dropout >= 0 && dropout <= 1, "dropout must be from 0 to 1, got " + dropout);
        check(precision.isFloating(), "precision must be f32 or f64");
    }

    private static void check(boolean condition, String sentence) {
        if (!condition) {
            throw new IllegalArgumentException(sentence);
        }
    }

    /// How a back end is to compute for it.
    ///
    /// @param threads CPU threads, at least 1
    public BackendOptions options(int threads) {
        return new BackendOptions(precision, products, threads);
    }

    /// The run's random numbers.
    public TrainingDraws draws() {
        return new TrainingDraws(seed, model.k(), time, objective.path(), alpha, dropout);
    }
}

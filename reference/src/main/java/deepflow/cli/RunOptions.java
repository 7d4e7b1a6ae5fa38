package deepflow.cli;

import deepflow.experiment.RunConfig;
import deepflow.experiment.RunConfigJson;
import deepflow.experiment.RunFolder;
import deepflow.tensor.ProductPrecision;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The options that make a [RunConfig]; what is not given has its default, or is the resumed run's.
final class RunOptions {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final ObjectNode given = JSON.createObjectNode();

    @Option(
            names = "--config",
            paramLabel = "NAME|FILE.json",
            description =
                    "The model: a name such as digits, tiny-sit, latent-s, b-2t@12; or a JSON file (default: digits).")
    void config(String nameOrFile) {
        given.put("config", nameOrFile);
    }

    @Option(
            names = "--data",
            paramLabel = "NAME|DIR",
            description = "digits, checkerboard, moons, gaussians; or a folder of VAE moments (.npy and dataset.json)"
                    + " (default: digits).")
    void data(String nameOrFolder) {
        given.put("data", nameOrFolder);
    }

    @Option(
            names = "--features",
            paramLabel = "DIR",
            description = "Encoder features for SSL alignment, under the names of the moments.")
    void features(String folder) {
        given.put("features", folder);
    }

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Seed of weights, order, noise, times and dropout (default: 1).")
    void seed(long seed) {
        given.put("seed", seed);
    }

    @Option(names = "--batch", paramLabel = "N", description = "Samples a step (default: 64).")
    void batch(int batch) {
        given.put("batch", batch);
    }

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description = "Compute a batch in N parts, to save memory (default: 1).")
    void accumulate(int parts) {
        given.put("accumulate", parts);
    }

    @Option(names = "--lr", paramLabel = "X", description = "Learning rate (default: 1e-4).")
    void lr(double lr) {
        given.put("lr", lr);
    }

    @Option(names = "--weight-decay", paramLabel = "X", description = "Decoupled weight decay (default: 0).")
    void weightDecay(double decay) {
        given.put("weight_decay", decay);
    }

    @Option(
            names = "--clip",
            paramLabel = "X",
            description = "Largest norm of all gradients; 0 for no clipping (default: 1).")
    void clip(double clip) {
        given.put("clip", clip);
    }

    @Option(
            names = "--ema",
            paramLabel = "X",
            description = "Decay of the weights' moving average (default: 0.995; 0.9999 in the paper's long runs).")
    void ema(double decay) {
        given.put("ema", decay);
    }

    @Option(
            names = "--path",
            paramLabel = "linear|cosine",
            description = "Path between data and noise (default: linear).")
    void path(String path) {
        given.put("path", path);
    }

    @Option(
            names = "--target",
            paramLabel = "difference|derivative",
            description = "What velocities are trained towards (default: difference).")
    void target(String target) {
        given.put("target", target);
    }

    @Option(
            names = "--time",
            paramLabel = "lognormal|uniform",
            description = "Law of the training times (default: lognormal).")
    void time(String time) {
        given.put("time", time);
    }

    @Option(
            names = "--alpha",
            paramLabel = "X",
            description = "Largest gap between the times of neighbouring branches (default: 0.01).")
    void alpha(double alpha) {
        given.put("alpha", alpha);
    }

    @Option(names = "--lambda", paramLabel = "X", description = "Weight of the acceleration loss (default: 1).")
    void lambda(double lambda) {
        given.put("lambda", lambda);
    }

    @Option(
            names = "--betas",
            paramLabel = "X",
            split = ",",
            description = "Weights of the branches' losses, k numbers (default: 0.2,…,1).")
    void betas(double[] betas) {
        var list = given.putArray("betas");
        for (double beta : betas) {
            list.add(beta);
        }
    }

    @Option(names = "--ssl-weight", paramLabel = "X", description = "Weight of the SSL alignment (default: 0.5).")
    void sslWeight(double weight) {
        given.put("ssl_weight", weight);
    }

    @Option(
            names = "--dropout",
            paramLabel = "P",
            description = "Probability that a label is replaced by the null class (default: 0.1).")
    void dropout(double p) {
        given.put("dropout", p);
    }

    @Option(
            names = "--precision",
            paramLabel = "f32|f64",
            description = "Precision to compute and to keep checkpoints in (default: f32).")
    void precision(String precision) {
        given.put("precision", precision);
    }

    @Option(names = ProductOptions.NAME, paramLabel = ProductOptions.LABEL, description = ProductOptions.DESCRIPTION)
    void products(ProductPrecision products) {
        given.put("matmul_precision", products.toString());
    }

    /// The configuration.
    ///
    /// @param resumed where defaults come from, if it holds a run; null for a new run
    /// @param processes that train together; a new run is computed in as many parts unless it is said otherwise
    RunConfig config(@Nullable RunFolder resumed, int processes) {
        ObjectNode all = JSON.createObjectNode();
        if (resumed != null && resumed.holdsRun()) {
            all.setAll(RunConfigJson.write(resumed.readConfig()));
            if (given.has("config")) {
                all.remove("model");
            }
        }
        if (!all.has("accumulate")) {
            all.put("accumulate", processes);
        }
        all.setAll(given);
        return RunConfigJson.parse(all);
    }
}

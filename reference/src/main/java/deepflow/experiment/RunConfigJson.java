package deepflow.experiment;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.io.FormatException;
import deepflow.model.ConfigJson;
import deepflow.model.Configs;
import deepflow.model.ModelConfig;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import deepflow.train.TimeSampler;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A [RunConfig] as a JSON object, in both directions. What is not there has its default; nothing else may
/// be there.
///
/// - `config`: the model's name, or a JSON file (default `digits`). `model`: an object as in a dump's
///   `config`, whose keys replace those of `config`'s model; a run's own `config.json` has only `model`, in
///   full.
/// - `data` (default `digits`), `features` (none), `seed` (1), `batch` (64), `accumulate` (1), `precision`
///   (`f32`), `matmul_precision` (`full`, `tf32`, `bf16`, `fp16`; default `full`).
/// - `path` (`linear`, `cosine`), `target` (`difference`, `derivative`), `time` (`lognormal`, `uniform`),
///   `alpha` (0.01),
///   `dropout` (0.1), `lambda` (1), `betas` (a list of k numbers; 0.2, …, 1), `ssl_weight` (0.5).
/// - `lr` (1e-4), `beta1` (0.9), `beta2` (0.999), `eps` (1e-8), `weight_decay` (0), `clip` (1), `ema`
///   (0.995: the published 0.9999 averages over more steps than a small run has).
public final class RunConfigJson {
    /// Default decay of the moving average.
    private static final double EMA = 0.995;

    private RunConfigJson() {}

    /// Reads a configuration.
    ///
    /// @throws FormatException if a key is unknown or a value is wrong
    public static RunConfig parse(ObjectNode json) {
        Fields f = new Fields("The run's configuration", json);
        try {
            ModelConfig model = model(f);
            Objective published = Objective.published(model.k());
            OptimizerConfig usual = OptimizerConfig.PUBLISHED;
            List<Double> betas = f.numbers("betas", published.betas());
            if (betas.size() != model.k()) {
                throw new IllegalArgumentException(
                        "betas has " + betas.size() + " numbers for " + model.k() + " branches");
            }
            RunConfig config = new RunConfig(
                    model,
                    f.text("data", "digits"),
                    f.has("features") ? f.text("features", "") : null,
                    f.whole("seed", 1),
                    (int) f.whole("batch", 64),
                    (int) f.whole("accumulate", 1),
                    new Objective(
                            betas,
                            f.number("lambda", published.lambda()),
                            f.word("path", FlowPath.LINEAR),
                            f.word("target", VelocityTarget.DIFFERENCE),
                            f.number("ssl_weight", published.sslWeight())),
                    f.word("time", TimeSampler.LOGNORMAL),
                    f.number("alpha", 0.01),
                    f.number("dropout", 0.1),
                    new OptimizerConfig(
                            f.number("lr", usual.lr()),
                            f.number("beta1", usual.beta1()),
                            f.number("beta2", usual.beta2()),
                            f.number("eps", usual.eps()),
                            f.number("weight_decay", usual.weightDecay()),
                            f.number("clip", usual.clip()),
                            f.number("ema", EMA)),
                    f.word("precision", DType.F32),
                    f.word("matmul_precision", ProductPrecision.FULL));
            f.end();
            return config;
        } catch (IllegalArgumentException e) {
            throw new FormatException("The run's configuration is wrong: " + e.getMessage() + ".", e);
        }
    }

    private static ModelConfig model(Fields f) {
        JsonNode own = f.raw("model");
        String name = f.text("config", "digits");
        if (own == null) {
            return Configs.resolve(name);
        }
        if (!(own instanceof ObjectNode object)) {
            throw new IllegalArgumentException("model must be an object");
        }
        ObjectNode merged = f.has("config") || !object.has("size")
                ? Fields.object(ConfigJson.write(Configs.resolve(name)))
                : Fields.empty();
        if (object.has("depth") || object.has("k")) {
            merged.remove("keys");
        }
        merged.setAll(object);
        return ConfigJson.parse(merged.toString());
    }

    /// Writes a configuration in full; equal configurations give equal text.
    public static ObjectNode write(RunConfig c) {
        ObjectNode json = Fields.empty();
        json.set("model", Fields.object(ConfigJson.write(c.model())));
        json.put("data", c.data());
        if (c.features() != null) {
            json.put("features", c.features());
        }
        json.put("seed", c.seed());
        json.put("batch", c.batch());
        json.put("accumulate", c.accumulate());
        json.put("precision", word(c.precision()));
        if (c.products() != ProductPrecision.FULL) {
            json.put("matmul_precision", word(c.products())); // else as runs were written before there was a choice
        }
        json.put("path", word(c.objective().path()));
        json.put("target", word(c.objective().target()));
        json.put("time", word(c.time()));
        json.put("alpha", c.alpha());
        json.put("dropout", c.dropout());
        json.put("lambda", c.objective().lambda());
        ArrayNode betas = json.putArray("betas");
        c.objective().betas().forEach(betas::add);
        json.put("ssl_weight", c.objective().sslWeight());
        json.put("lr", c.optimizer().lr());
        json.put("beta1", c.optimizer().beta1());
        json.put("beta2", c.optimizer().beta2());
        json.put("eps", c.optimizer().eps());
        json.put("weight_decay", c.optimizer().weightDecay());
        json.put("clip", c.optimizer().clip());
        json.put("ema", c.optimizer().emaDecay());
        return json;
    }

    /// The keys in which two configurations differ, sorted.
    public static List<String> differences(RunConfig a, RunConfig b) {
        ObjectNode x = write(a);
        ObjectNode y = write(b);
        TreeSet<String> keys = new TreeSet<>(x.propertyNames());
        keys.addAll(y.propertyNames());
        List<String> different = new ArrayList<>();
        for (String key : keys) {
            if (!x.path(key).equals(y.path(key))) {
                different.add(key);
            }
        }
        return different;
    }

    private static String word(Enum<?> e) {
        return e.name().toLowerCase(Locale.ROOT);
    }
}

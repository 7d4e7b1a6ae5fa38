package deepflow.oracle;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.io.FormatException;
import deepflow.model.ConfigJson;
import deepflow.model.ModelConfig;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// What a dump says about itself beside its tensors: the strings of the file's `__metadata__`.
///
/// @param config the model
/// @param objective betas, λ, path, target and SSL weight
/// @param precision what it was computed in
/// @param producer who wrote it, for reports
/// @param lossScale what all gradients in the file are multiplied by; 1 without scaling
/// @param optimizer the optimizer step's constants; null if the dump has no optimizer step
public record StepMetadata(
        ModelConfig config,
        Objective objective,
        Precision precision,
        String producer,
        double lossScale,
        @Nullable Optimizer optimizer) {
    private static final Set<String> KEYS = Set.of(
            "config",
            "betas",
            "lambda",
            "precision",
            "producer",
            "format",
            "optimizer",
            "loss_scale",
            "path",
            "target",
            "ssl_weight");
    private static final Set<String> OPTIMIZER_KEYS =
            Set.of("name", "lr", "beta1", "beta2", "eps", "weight_decay", "step", "clip", "ema_decay");
    /// What Hugging Face's index of a sharded file adds.
    private static final Set<String> OF_AN_INDEX = Set.of("total_size", "total_parameters");

    private static final String FORMAT = "1";
    /// Hugging Face's libraries write this into every file; it says nothing about dumps.
    private static final String FOREIGN_FORMAT = "pt";

    /// The optimizer step in a dump.
    ///
    /// @param constants learning rate and so on
    /// @param step its number, from 1
    public record Optimizer(OptimizerConfig constants, long step) {}

    /// Reads a file's metadata.
    ///
    /// @param file for messages
    /// @throws FormatException if a key is missing, unknown, or does not hold what it should
    public static StepMetadata read(String file, Map<String, String> metadata) {
        Set<String> unknown = metadata.keySet().stream()
                .filter(k -> !KEYS.contains(k) && !OF_AN_INDEX.contains(k))
                .collect(Collectors.toSet());
        if (!unknown.isEmpty()) {
            throw new FormatException(file + ": the metadata have unknown keys: " + shortened(unknown) + ".");
        }
        String format = metadata.getOrDefault("format", FORMAT);
        if (!format.equals(FORMAT) && !format.equals(FOREIGN_FORMAT)) {
            throw new FormatException(
                    file + ": the dump has format '" + shortened(format) + "', this reads " + FORMAT + ".");
        }
        ModelConfig config = config(file, required(file, metadata, "config"));
        String label = required(file, metadata, "precision");
        Precision precision = Precision.of(label)
                .orElseThrow(() -> new FormatException(file + ": the precision '" + shortened(label)
                        + "' is unknown; there are " + Precision.labels() + "."));
        String scale = metadata.getOrDefault("loss_scale", "1");
        double lossScale = MetadataJson.number(file + ": loss_scale", scale);
        if (lossScale <= 0) {
            throw new FormatException(file + ": loss_scale must be positive, got " + scale + ".");
        }
        String optimizer = metadata.get("optimizer");
        return new StepMetadata(
                config,
                objective(file, metadata, config),
                precision,
                metadata.getOrDefault("producer", ""),
                lossScale,
                optimizer == null ? null : optimizer(file, optimizer));
    }

    private static ModelConfig config(String file, String json) {
        try {
            return ConfigJson.parse(json);
        } catch (IllegalArgumentException e) {
            throw new FormatException(file + ": the config is unusable: " + e.getMessage() + ".", e);
        }
    }

    private static Objective objective(String file, Map<String, String> metadata, ModelConfig config) {
        Objective published = Objective.published(config.k());
        List<Double> betas = MetadataJson.numbers(file + ": betas", required(file, metadata, "betas"));
        if (betas.size() != config.k()) {
            throw new FormatException(
                    file + ": betas has " + betas.size() + " numbers, the model has " + config.k() + " branches.");
        }
        String sslWeight = metadata.get("ssl_weight");
        return new Objective(
                betas,
                MetadataJson.number(file + ": lambda", required(file, metadata, "lambda")),
                named(file, metadata, "path", FlowPath.values(), published.path()),
                named(file, metadata, "target", VelocityTarget.values(), published.target()),
                sslWeight == null ? published.sslWeight() : MetadataJson.number(file + ": ssl_weight", sslWeight));
    }

    private static Optimizer optimizer(String file, String text) {
        String what = file + ": optimizer";
        Map<String, JsonNode> fields = MetadataJson.object(what, text);
        if (!fields.keySet().equals(OPTIMIZER_KEYS)) {
            throw new FormatException(what + " must have exactly the keys "
                    + OPTIMIZER_KEYS.stream().sorted().collect(Collectors.joining(", ")) + ".");
        }
        JsonNode name = fields.get("name");
        if (name == null || !name.isString() || !name.stringValue().equals("adamw")) {
            throw new FormatException(what + " must have the name \"adamw\".");
        }
        double step = field(what, fields, "step");
        if (step != Math.rint(step) || step < 1 || step > 1L << 53) {
            throw new FormatException(what + " must count its step from 1.");
        }
        try {
            OptimizerConfig constants = new OptimizerConfig(
                    field(what, fields, "lr"),
                    field(what, fields, "beta1"),
                    field(what, fields, "beta2"),
                    field(what, fields, "eps"),
                    field(what, fields, "weight_decay"),
                    field(what, fields, "clip"),
                    field(what, fields, "ema_decay"));
            return new Optimizer(constants, (long) step);
        } catch (IllegalArgumentException e) {
            throw new FormatException(file + ": " + e.getMessage() + ".", e);
        }
    }

    private static double field(String what, Map<String, JsonNode> fields, String key) {
        JsonNode node = fields.get(key);
        if (node == null) {
            throw new FormatException(what + " lacks " + key + ".");
        }
        return MetadataJson.number(what + "." + key, node);
    }

    private static <E extends Enum<E>> E named(
            String file, Map<String, String> metadata, String key, E[] values, E otherwise) {
        String name = metadata.get(key);
        if (name == null) {
            return otherwise;
        }
        for (E value : values) {
            if (label(value).equals(name)) {
                return value;
            }
        }
        throw new FormatException(file + ": the " + key + " '" + shortened(name) + "' is unknown; there are "
                + Arrays.stream(values).map(StepMetadata::label).collect(Collectors.joining(", ")) + ".");
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static String required(String file, Map<String, String> metadata, String key) {
        String value = metadata.get(key);
        if (value == null) {
            throw new FormatException(file + " is not a dump: its metadata lack '" + key
                    + "' (docs/dump-format.md); a folder has them in metadata.json, a .npz file in __metadata__.");
        }
        return value;
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    private static String shortened(Set<String> names) {
        String some =
                names.stream().sorted().limit(5).map(StepMetadata::shortened).collect(Collectors.joining(", "));
        return names.size() <= 5 ? some : some + " and " + (names.size() - 5) + " more";
    }

    /// The metadata of a dump with these contents; [#read] gives them back.
    public Map<String, String> write() {
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("format", FORMAT);
        metadata.put("config", ConfigJson.write(config));
        metadata.put("betas", objective.betas().toString());
        metadata.put("lambda", Double.toString(objective.lambda()));
        metadata.put("path", label(objective.path()));
        metadata.put("target", label(objective.target()));
        metadata.put("ssl_weight", Double.toString(objective.sslWeight()));
        metadata.put("precision", precision.label());
        metadata.put("producer", producer);
        if (lossScale != 1) {
            metadata.put("loss_scale", Double.toString(lossScale));
        }
        if (optimizer != null) {
            OptimizerConfig c = optimizer.constants();
            metadata.put(
                    "optimizer",
                    "{\"name\": \"adamw\", \"lr\": " + c.lr() + ", \"beta1\": " + c.beta1() + ", \"beta2\": "
                            + c.beta2()
                            + ", \"eps\": " + c.eps() + ", \"weight_decay\": " + c.weightDecay() + ", \"step\": "
                            + optimizer.step() + ", \"clip\": " + c.clip() + ", \"ema_decay\": " + c.emaDecay() + "}");
        }
        return metadata;
    }
}

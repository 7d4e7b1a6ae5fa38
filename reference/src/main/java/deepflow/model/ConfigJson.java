package deepflow.model;

import deepflow.equation.AccelerationMlp;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// A [ModelConfig] as the JSON object of a dump's `config` metadata, in both directions.
///
/// - Required integers: `size`, `patch`, `channels`, `classes`, `width`, `depth`, `heads`, `k`, `acc`.
/// - `model`: `deepflow` (default) or `sit`.
/// - `keys`: list of k − 1 block numbers after which a branch ends, increasing; a last entry equal to `depth` is
///   tolerated. Default: equal branches, for which `depth` must be divisible by `k`.
/// - `clamp`, `qk_norm`, `learn_sigma`: booleans, default false. `ssl_dim`: integer, default 0.
/// - `design`: `full` (default) or `additive`. `acc_form`: `deep` (default) or `shallow`.
/// - `time_gap`, `acceleration`, `cross_space`: booleans, default true: the parts of VeRA.
///
/// Nothing else is accepted: not another key, a key twice, `null`, a fraction, nor text behind the object.
public final class ConfigJson {
    /// Longest text that is looked at, in characters.
    static final int LONGEST = 1 << 16;

    private static final JsonFactory JSON = new JsonFactory();
    private static final List<String> REQUIRED =
            List.of("size", "patch", "channels", "classes", "width", "depth", "heads", "k", "acc");
    private static final Set<String> OPTIONAL = Set.of(
            "model",
            "keys",
            "clamp",
            "qk_norm",
            "ssl_dim",
            "learn_sigma",
            "design",
            "time_gap",
            "acceleration",
            "cross_space",
            "acc_form");

    private ConfigJson() {}

    /// Reads a configuration.
    ///
    /// @param json one JSON object of at most 65536 characters
    /// @throws IllegalArgumentException if it is anything else, or its numbers contradict each other; the
    ///     message is one sentence without full stop
    public static ModelConfig parse(String json) {
        JsonFields fields = JsonFields.read("the configuration", json, LONGEST);
        fields.allow(REQUIRED, OPTIONAL);
        int depth = fields.integer("depth");
        int k = fields.integer("k");
        return new ModelConfig(
                fields.integer("size"),
                fields.integer("patch"),
                fields.integer("channels"),
                fields.integer("classes"),
                fields.integer("width"),
                depth,
                fields.integer("heads"),
                k,
                fields.integer("acc"),
                fields.oneOf("model", ModelConfig.Kind.DEEPFLOW),
                fields.has("keys") ? keys(fields.integers("keys"), depth, k) : ModelConfig.equalKeys(depth, k),
                fields.flag("clamp", false),
                fields.flag("qk_norm", false),
                fields.integer("ssl_dim", 0),
                fields.flag("learn_sigma", false),
                fields.oneOf("design", ModelConfig.Design.FULL),
                new ModelConfig.VeraParts(
                        fields.flag("time_gap", true),
                        fields.flag("acceleration", true),
                        fields.flag("cross_space", true)),
                fields.oneOf("acc_form", AccelerationMlp.Form.DEEP));
    }

    private static List<Integer> keys(List<Integer> given, int depth, int k) {
        boolean closed = given.size() == k && !given.isEmpty() && given.getLast() == depth;
        return closed ? given.subList(0, k - 1) : given;
    }

    /// Writes a configuration: the required numbers in the order above, then the options that differ from their
    /// default. Equal configurations give equal text, and [#parse] gives back an equal configuration.
    public static String write(ModelConfig c) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            json.writeNumberProperty("size", c.size());
            json.writeNumberProperty("patch", c.patch());
            json.writeNumberProperty("channels", c.channels());
            json.writeNumberProperty("classes", c.classes());
            json.writeNumberProperty("width", c.width());
            json.writeNumberProperty("depth", c.depth());
            json.writeNumberProperty("heads", c.heads());
            json.writeNumberProperty("k", c.k());
            json.writeNumberProperty("acc", c.acc());
            word(json, "model", c.kind(), ModelConfig.Kind.DEEPFLOW);
            if (c.depth() % c.k() != 0 || !c.keys().equals(ModelConfig.equalKeys(c.depth(), c.k()))) {
                json.writeName("keys").writeStartArray();
                c.keys().forEach(json::writeNumber);
                json.writeEndArray();
            }
            flag(json, "clamp", c.clamp(), false);
            flag(json, "qk_norm", c.qkNorm(), false);
            if (c.sslDim() != 0) {
                json.writeNumberProperty("ssl_dim", c.sslDim());
            }
            flag(json, "learn_sigma", c.learnSigma(), false);
            word(json, "design", c.design(), ModelConfig.Design.FULL);
            flag(json, "time_gap", c.parts().timeGap(), true);
            flag(json, "acceleration", c.parts().acceleration(), true);
            flag(json, "cross_space", c.parts().crossSpace(), true);
            word(json, "acc_form", c.accForm(), AccelerationMlp.Form.DEEP);
            json.writeEndObject();
        }
        return text.toString();
    }

    private static void flag(JsonGenerator json, String key, boolean value, boolean usual) {
        if (value != usual) {
            json.writeBooleanProperty(key, value);
        }
    }

    private static <E extends Enum<E>> void word(JsonGenerator json, String key, E value, E usual) {
        if (value != usual) {
            json.writeStringProperty(key, value.name().toLowerCase(Locale.ROOT));
        }
    }
}

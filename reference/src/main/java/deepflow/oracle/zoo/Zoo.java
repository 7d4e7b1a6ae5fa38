package deepflow.oracle.zoo;

import deepflow.model.ModelConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The catalogue: all bugs, in the order in which a step makes them.
public final class Zoo {
    private static final List<Bug> ALL = Stream.of(
                    InterpolantBugs.ALL,
                    EmbedderBugs.ALL,
                    BlockBugs.ALL,
                    AttentionBugs.ALL,
                    VelocityLayerBugs.ALL,
                    VeraBugs.ALL,
                    LossBugs.ALL,
                    GradientBugs.ALL,
                    PrecisionBugs.ALL,
                    BufferBugs.ALL)
            .flatMap(List::stream)
            .toList();
    private static final Map<String, Bug> BY_NAME = new HashMap<>();

    static {
        ALL.forEach(bug -> BY_NAME.put(bug.name(), bug));
    }

    private Zoo() {}

    /// Every bug.
    public static List<Bug> all() {
        return ALL;
    }

    /// The bug of this name.
    public static Optional<Bug> of(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /// Names for messages.
    public static List<String> names() {
        List<String> names = new ArrayList<>();
        ALL.forEach(bug -> names.add(bug.name()));
        return names;
    }

    /// Whether a model has VeRA blocks with all parts, as published.
    static boolean published(ModelConfig c) {
        return c.kind() == ModelConfig.Kind.DEEPFLOW
                && c.k() > 1
                && c.parts().equals(ModelConfig.VeraParts.ALL)
                && c.design() == ModelConfig.Design.FULL;
    }

    /// Whether a model has blocks that read either patches or refined tokens: no ablation of VeRA.
    static boolean plain(ModelConfig c) {
        return c.k() == 1 || published(c);
    }

    /// A regular expression for outputs of modules.
    static String act(String... modules) {
        return "act\\.(" + String.join("|", modules) + ")(#\\d+)?";
    }

    /// A regular expression for gradients of modules' outputs.
    static String gradact(String... modules) {
        return "grad" + act(modules);
    }

    /// A regular expression for gradients of parameters.
    static String grad(String... parameters) {
        return "grad\\.(" + String.join("|", parameters) + ")";
    }

    /// Either of several regular expressions.
    static String any(String... expressions) {
        return String.join("|", expressions);
    }
}

package deepflow.sample;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.io.FormatException;
import deepflow.io.TensorSource;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.StateDict;
import deepflow.model.TimeDirection;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A file of weights, ready to sample from.
///
/// @param config the model's configuration
/// @param field its velocities
/// @param flow what they mean: the metadata `path` and `target`, as in dumps; linear and difference by default
public record Checkpoint(ModelConfig config, VelocityField field, Flow flow) {
    /// Reads weights onto a back end.
    ///
    /// @param file safetensors, or the index of a sharded set
    /// @param weights plain or averaged
    /// @param config the configuration; null for what the file says, or else its shapes
    /// @param direction which way the model runs time
    /// @throws FormatException if the file is unusable or does not fit the configuration, or if the model does
    ///     not fit into the heap
    public static Checkpoint read(
            Backend backend,
            Path file,
            StateDict.Weights weights,
            @Nullable ModelConfig config,
            TimeDirection direction) {
        try (TensorSource source = TensorSource.open(file)) {
            StateDict state = StateDict.of(source, weights);
            DeepFlow model = new DeepFlow(config == null ? state.config() : config);
            List<ParameterSpec> specs = Declarations.of(model);
            EvaluationCost.require(backend, model, 1);
            Flow flow = new Flow(
                    named(source, "path", FlowPath.values(), FlowPath.LINEAR),
                    named(source, "target", VelocityTarget.values(), VelocityTarget.DIFFERENCE));
            ModelField field = new ModelField(
                    backend, direction.seenFromHere(model), state.strict(specs).upload(backend, specs));
            return new Checkpoint(model.config(), field, flow);
        }
    }

    private static <E extends Enum<E>> E named(TensorSource source, String key, E[] values, E otherwise) {
        Map<String, String> metadata = source.metadata();
        String name = metadata.get(key);
        if (name == null) {
            return otherwise;
        }
        return Arrays.stream(values)
                .filter(v -> label(v).equals(name))
                .findFirst()
                .orElseThrow(() -> new FormatException(source.path() + ": the " + key + " '"
                        + name.substring(0, Math.min(name.length(), 40)) + "' is unknown; there are "
                        + Arrays.stream(values).map(Checkpoint::label).collect(Collectors.joining(", ")) + "."));
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}

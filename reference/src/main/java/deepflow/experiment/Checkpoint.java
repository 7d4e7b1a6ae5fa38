package deepflow.experiment;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.SafetensorsWriter;
import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import deepflow.model.ConfigJson;
import deepflow.model.ParameterValues;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.LossScale;
import deepflow.train.ParameterState;
import deepflow.train.TrainingState;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/// A run's state after a step, in one safetensors file: `weight.<parameter>`, and of trained ones `ema.`,
/// `m.` and `v.`;
/// in the metadata `config` (the model's), `path` and `target` (what its velocities mean), `run`
/// ([RunConfigJson]), `step`, `seed`, `position` (samples seen: the index
/// of the next random keys, see [deepflow.train.TrainingDraws]), `producer` (the program and its version)
/// and `format`; where the loss is scaled, also [LossScale] as `loss_scale`, `loss_scale_good` and
/// `loss_scale_skipped`. The same state gives the same bytes.
final class Checkpoint {
    private static final String FORMAT = "1";

    private Checkpoint() {}

    /// Writes a checkpoint, as a whole or not at all.
    ///
    /// @param producer program and version
    static void write(Path file, Backend b, RunConfig config, TrainingState state, long step, String producer) {
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("config", ConfigJson.write(config.model()))
                .metadata("path", word(config.objective().path()))
                .metadata("target", word(config.objective().target()))
                .metadata("run", RunConfigJson.write(config).toString())
                .metadata("step", Long.toString(step))
                .metadata("seed", Long.toString(config.seed()))
                .metadata("position", Long.toString(step * config.batch()))
                .metadata("producer", producer)
                .metadata("format", FORMAT);
        LossScale scale = state.lossScale();
        if (scale != null) {
            writer.metadata("loss_scale", Double.toString(scale.factor()))
                    .metadata("loss_scale_good", Integer.toString(scale.good()))
                    .metadata("loss_scale_skipped", Long.toString(scale.skipped()));
        }
        ElementType type = config.precision() == DType.F64 ? ElementType.F64 : ElementType.F32;
        Map<String, Tensor> weights = state.weights();
        for (ParameterSpec spec : state.specs()) {
            add(writer, b, type, "weight." + spec.name(), Objects.requireNonNull(weights.get(spec.name())));
        }
        for (ParameterSpec spec : state.trained()) {
            ParameterState p = state.of(spec);
            add(writer, b, type, "ema." + spec.name(), p.ema());
            add(writer, b, type, "m." + spec.name(), p.m());
            add(writer, b, type, "v." + spec.name(), p.v());
        }
        writer.write(file);
    }

    private static String word(Enum<?> e) {
        return e.name().toLowerCase(Locale.ROOT);
    }

    private static void add(SafetensorsWriter writer, Backend b, ElementType type, String name, Tensor x) {
        long[] shape = Arrays.stream(x.shape().dims()).asLongStream().toArray();
        writer.add(name, type, shape, sink -> sink.put(b.download(x)));
    }

    /// Reads the state of a checkpoint.
    ///
    /// @param step the step that its name says
    /// @throws FormatException if the file is damaged, or of another run
    static TrainingState read(Path file, Backend b, RunConfig config, List<ParameterSpec> specs, long step) {
        try (TensorSource source = TensorSource.open(file)) {
            String run = RunConfigJson.write(config).toString();
            if (!run.equals(source.metadata().get("run"))) {
                throw new FormatException(
                        file + " is a checkpoint of another run: its configuration is not that of" + " config.json.");
            }
            if (!Long.toString(step).equals(source.metadata().get("step"))) {
                throw new FormatException(file + " holds another step than its name says.");
            }
            TrainingState state = TrainingState.of(
                    b,
                    specs,
                    values(source, "weight."),
                    values(source, "m."),
                    values(source, "v."),
                    values(source, "ema."));
            if (state.lossScale() != null) {
                state.lossScale(lossScale(source));
            }
            return state;
        }
    }

    private static LossScale lossScale(TensorSource source) {
        Map<String, String> m = source.metadata();
        try {
            return new LossScale(
                    Double.parseDouble(String.valueOf(m.get("loss_scale"))),
                    Integer.parseInt(String.valueOf(m.get("loss_scale_good"))),
                    Long.parseLong(String.valueOf(m.get("loss_scale_skipped"))));
        } catch (IllegalArgumentException e) {
            throw new FormatException(
                    source.path() + " does not say how the loss of its fp16 run was scaled: it is damaged.", e);
        }
    }

    private static ParameterValues values(TensorSource source, String prefix) {
        return spec -> {
            TensorInfo info = source.info(prefix + spec.name());
            long[] shape = Arrays.stream(spec.shape().dims()).asLongStream().toArray();
            if (!Arrays.equals(info.shape(), shape)) {
                throw new FormatException(
                        source.path() + ": " + info + " has another shape than the model's " + spec.shape() + ".");
            }
            return source.readDoubles(prefix + spec.name());
        };
    }
}

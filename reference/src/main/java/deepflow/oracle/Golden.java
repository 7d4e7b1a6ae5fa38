package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.io.SafetensorsWriter;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Writes golden dumps: random non-zero weights and inputs, one full training step, everything recorded. The same
/// arguments give the same bytes, on every machine and with every number of threads.
///
/// @param config the model
/// @param objective the losses
/// @param seed of weights, inputs and optimizer state
/// @param samples N
/// @param optimizer whether an optimizer step is recorded too: it triples the file
public record Golden(ModelConfig config, Objective objective, long seed, int samples, boolean optimizer) {
    /// As in the peer: decays that make one step visible.
    private static final OptimizerConfig CONSTANTS = new OptimizerConfig(1e-3, 0.9, 0.999, 1e-8, 0.01, 1, 0.99);

    private static final long STEP = 10;

    /// Computes the step and writes it.
    ///
    /// @param producer who says so, for the metadata
    /// @throws FormatException if the file cannot be written or the step does not fit in memory
    public void write(Backend b, String producer, Path file) {
        RecordedStep.Keep keep = RecordedStep.Keep.OUTPUTS_AND_GRADIENTS;
        StepMemory.require(config, samples, b.dtype(), keep, file);
        DeepFlow model = new DeepFlow(config);
        List<ParameterSpec> specs = Declarations.of(model);
        GoldenInputs inputs = new GoldenInputs(config, seed);
        Map<String, Tensor> weights = inputs.weights().upload(b, specs);
        Batch batch = inputs.batch(b, samples);
        RecordedStep step = RecordedStep.run(b, model, specs, weights, objective, batch, keep);

        Precision precision = b.dtype() == DType.F64 ? Precision.F64 : Precision.F32;
        StepMetadata.Optimizer constants = optimizer ? new StepMetadata.Optimizer(CONSTANTS, STEP) : null;
        SafetensorsWriter writer = new SafetensorsWriter();
        new StepMetadata(config, objective, precision, producer, 1, constants)
                .write()
                .forEach(writer::metadata);
        inputs(writer, b, batch);
        Function<ParameterSpec, Tensor> weight = s -> Objects.requireNonNull(weights.get(s.name()));
        specs.forEach(s -> exact(writer, Family.WEIGHT.of(s.name()), s, () -> b.download(weight.apply(s))));
        ElementType type = precision.weights();
        Set<String> aliases = step.outputs().stream()
                .filter(RecordedStep.Output::alias)
                .map(RecordedStep.Output::name)
                .collect(Collectors.toSet());
        List<ParameterSpec> reached = specs.stream()
                .filter(s -> step.parameters().get(s.name()).gradient() != null)
                .toList();
        Set<String> unreached = specs.stream()
                .filter(s -> !reached.contains(s))
                .map(s -> Family.GRAD.of(s.name()))
                .collect(Collectors.toSet());
        for (Truth truth : Truths.of(step, specs, 1, name -> false)) {
            String module = truth.name().substring(truth.name().indexOf('.') + 1);
            if (!aliases.contains(module) && !Truths.onlyOfThreeCalls(module) && !unreached.contains(truth.name())) {
                add(writer, truth, type);
            }
        }
        if (constants != null) {
            for (ParameterSpec s : reached) {
                exact(writer, Family.BEFORE_M.of(s.name()), s, () -> inputs.firstMoment(s));
                exact(writer, Family.BEFORE_V.of(s.name()), s, () -> inputs.secondMoment(s));
                exact(writer, Family.BEFORE_EMA.of(s.name()), s, () -> inputs.average(s, b.download(weight.apply(s))));
            }
            new OptimizerTruths(b, constants, reached, reached, s -> inputs.state(b, s, weight.apply(s)))
                    .of(step, null)
                    .forEach(truth -> add(writer, truth, type));
        }
        writer.write(file);
    }

    private static void inputs(SafetensorsWriter writer, Backend b, Batch batch) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("in.x0", batch.x0());
        tensors.put("in.x1", batch.x1());
        for (int i = 0; i < batch.t().size(); i++) {
            tensors.put("in.t." + i, batch.t().get(i));
        }
        if (batch.z() != null) {
            tensors.put("in.z", batch.z());
        }
        tensors.forEach((name, tensor) ->
                writer.add(name, ElementType.F32, dims(tensor.shape().dims()), sink -> sink.put(b.download(tensor))));
        double[] labels = b.download(batch.y());
        long[] y = new long[labels.length];
        Arrays.setAll(y, i -> (long) labels[i]);
        writer.add("in.y", ElementType.I64, dims(batch.y().shape().dims()), y);
    }

    /// float32 numbers, kept in that type by every precision.
    private static void exact(SafetensorsWriter writer, String name, ParameterSpec spec, Supplier<double[]> values) {
        writer.add(name, ElementType.F32, dims(spec.shape().dims()), sink -> sink.put(values.get()));
    }

    private static void add(SafetensorsWriter writer, Truth truth, ElementType type) {
        long[] shape =
                truth.shape().rank() == 0 ? new long[] {1} : dims(truth.shape().dims());
        writer.add(truth.name(), type, shape, sink -> sink.put(truth.values().get()));
    }

    private static long[] dims(int[] dims) {
        return Arrays.stream(dims).asLongStream().toArray();
    }
}

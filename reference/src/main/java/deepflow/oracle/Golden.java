package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.oracle.zoo.Mistake;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

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

    /// Gradients of a mean over all elements are small: without it, many would be 0 in binary16.
    private static final double HALF_LOSS_SCALE = 1 << 10;

    /// Computes the step and writes it.
    ///
    /// @param producer who says so, for the metadata
    /// @throws FormatException if the file cannot be written or the step does not fit in memory
    public void write(Backend b, String producer, Path file) {
        RecordedStep.Keep keep = RecordedStep.Keep.OUTPUTS_AND_GRADIENTS;
        StepMemory.require(b, config, samples, keep, "This step", "a smaller batch, --precision f32");
        DeepFlow model = new DeepFlow(config);
        List<ParameterSpec> specs = Declarations.of(model);
        GoldenInputs inputs = new GoldenInputs(config, seed);
        Map<String, Tensor> weights = inputs.weights().upload(b, specs);
        Batch batch = inputs.batch(b, samples);
        Precision precision = precision(b);
        double lossScale = precision == Precision.AMP_FP16 ? HALF_LOSS_SCALE : 1;
        RecordedStep step = RecordedStep.run(b, model, specs, weights, objective, batch, keep, Mistake.NONE, lossScale);

        StepMetadata.Optimizer constants = optimizer ? new StepMetadata.Optimizer(CONSTANTS, STEP) : null;
        StepWriter writer = new StepWriter();
        new StepMetadata(config, objective, precision, producer, lossScale, constants)
                .write()
                .forEach(writer::metadata);
        writer.batch(b, batch, ElementType.F32);
        Function<ParameterSpec, Tensor> weight = s -> Objects.requireNonNull(weights.get(s.name()));
        specs.forEach(s ->
                writer.parameter(Family.WEIGHT.of(s.name()), s, ElementType.F32, () -> b.download(weight.apply(s))));
        ElementType type = precision.weights();
        StepWriter.recorded(step, specs, Truths.of(step, specs, name -> false), false)
                .forEach(truth -> writer.add(truth, type, truth.values()));
        List<ParameterSpec> reached = specs.stream()
                .filter(s -> step.parameters().get(s.name()).gradient() != null)
                .toList();
        if (constants != null) {
            for (ParameterSpec s : reached) {
                writer.parameter(Family.BEFORE_M.of(s.name()), s, ElementType.F32, () -> inputs.firstMoment(s));
                writer.parameter(Family.BEFORE_V.of(s.name()), s, ElementType.F32, () -> inputs.secondMoment(s));
                writer.parameter(
                        Family.BEFORE_EMA.of(s.name()),
                        s,
                        ElementType.F32,
                        () -> inputs.average(s, b.download(weight.apply(s))));
            }
            new OptimizerTruths(b, constants, reached, reached, s -> true, s -> inputs.state(b, s, weight.apply(s)))
                    .of(step, lossScale)
                    .forEach(truth -> writer.add(truth, type, truth.values()));
        }
        writer.write(file);
    }

    /// What a step of this back end is to be judged as. With products in bf16 or fp16 it rounds less often than
    /// autocast, whose budgets are the nearest.
    private static Precision precision(Backend b) {
        if (b.dtype() == DType.F64) {
            return Precision.F64;
        }
        return switch (b.productPrecision()) {
            case FULL -> Precision.F32;
            case TF32 -> Precision.TF32;
            case BF16 -> Precision.AMP_BF16;
            case FP16 -> Precision.AMP_FP16;
        };
    }
}

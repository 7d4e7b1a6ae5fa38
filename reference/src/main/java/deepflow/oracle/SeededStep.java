package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.emulation.Rounding;
import deepflow.oracle.emulation.RoundingBackend;
import deepflow.oracle.emulation.SummationOrder;
import deepflow.oracle.zoo.Bug;
import deepflow.oracle.zoo.Mistake;
import deepflow.oracle.zoo.WrittenTensor;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Objective;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A training step with golden weights and inputs as a GPU program of some precision would dump it, right or with one
/// bug: every result is rounded to nearest as the precision has it ([RoundingBackend]). The same arguments give the
/// same bytes.
///
/// @param config the model
/// @param precision of the program
/// @param seed of weights and inputs
/// @param samples N
/// @param lossScale what gradients are multiplied by
public record SeededStep(ModelConfig config, Precision precision, long seed, int samples, double lossScale) {
    /// Relative changes up to this are another order of float64 operations.
    private static final double ROUNDING = 1e-13;

    /// The arithmetic such a program has: that of CUDA, where autocast widens norms.
    public Arithmetic arithmetic() {
        return precision.arithmetic(true);
    }

    /// Computes the step and writes it.
    ///
    /// @param exact computes in float64
    /// @param accumulator computes in float32
    /// @param bug null for a right step
    public void write(Backend exact, Backend accumulator, @Nullable Bug bug, Path file) {
        Arithmetic arithmetic = arithmetic();
        RoundingBackend b = new RoundingBackend(
                exact,
                arithmetic.accumulator() == DType.F64 ? exact : accumulator,
                arithmetic,
                Rounding.NEAREST,
                SummationOrder.AS_STORED,
                true);
        DeepFlow model = new DeepFlow(config);
        List<ParameterSpec> specs = Declarations.of(model);
        GoldenInputs inputs = new GoldenInputs(config, seed);
        Map<String, Tensor> weights = inputs.weights().upload(b, specs);
        Batch batch = inputs.batch(b, samples);
        Objective objective = Objective.published(config.k());
        Mistake mistake = bug == null ? Mistake.NONE : bug.mistake();
        RecordedStep step = RecordedStep.run(
                b,
                model,
                specs,
                weights,
                objective,
                batch,
                RecordedStep.Keep.OUTPUTS_AND_GRADIENTS,
                mistake,
                lossScale);

        StepWriter writer = new StepWriter();
        new StepMetadata(config, objective, precision, "deepflow zoo", lossScale, null)
                .write()
                .forEach(writer::metadata);
        ElementType given = precision == Precision.F64 ? ElementType.F32 : precision.weights();
        writer.batch(b, batch, given);
        for (ParameterSpec spec : specs) {
            Tensor weight = weights.get(spec.name());
            if (weight != null) {
                writer.parameter(Family.WEIGHT.of(spec.name()), spec, given, () -> b.download(weight));
            }
        }
        Map<String, FloatFormat> types = new HashMap<>();
        List<Truth> truths = Truths.of(
                step,
                specs,
                (name, tensor) -> {
                    types.put(name, b.type(tensor));
                    return () -> b.download(tensor);
                },
                Truths::onlyOfThreeCalls); // of its LayerNorm: each gradient was rounded, their sum never was
        Map<String, List<double[]>> before = new LinkedHashMap<>();
        for (Truth truth : StepWriter.recorded(step, specs, truths, true)) {
            double[] right = truth.values().get();
            List<double[]> earlier = before.computeIfAbsent(alike(truth), key -> new ArrayList<>());
            double[] written = bug != null && bug.strikes(truth.name())
                    ? mistake.recorded(new WrittenTensor(truth.name(), truth.shape(), earlier.reversed()), right)
                    : right;
            earlier.add(right);
            FloatFormat type = types.getOrDefault(truth.name(), arithmetic.given());
            writer.add(truth, elementType(type), () -> written);
        }
        writer.write(file);
    }

    /// What a bug changes, in float64: ‖change‖ over ‖right‖ of every tensor that it changes by more than a rounding.
    public Map<String, Double> effects(Backend exact, Bug bug) {
        List<Truth> right = truths(exact, Mistake.NONE);
        Map<String, double[]> wrong = new HashMap<>();
        truths(exact, bug.mistake()).forEach(t -> wrong.put(t.name(), t.values().get()));
        Map<String, Double> effects = new LinkedHashMap<>();
        Map<String, List<double[]>> before = new HashMap<>();
        for (Truth truth : right) {
            double[] o = truth.values().get();
            List<double[]> earlier = before.computeIfAbsent(alike(truth), key -> new ArrayList<>());
            double[] other = bug.strikes(truth.name())
                    ? bug.mistake().recorded(new WrittenTensor(truth.name(), truth.shape(), earlier.reversed()), o)
                    : o;
            earlier.add(o);
            double[] changed = other == o ? wrong.getOrDefault(truth.name(), new double[o.length]) : other;
            double effect = Errors.between(changed, o, Norm.ZERO).relative();
            if (effect > ROUNDING) {
                effects.put(truth.name(), effect);
            }
        }
        return effects;
    }

    private List<Truth> truths(Backend exact, Mistake mistake) {
        DeepFlow model = new DeepFlow(config);
        List<ParameterSpec> specs = Declarations.of(model);
        GoldenInputs inputs = new GoldenInputs(config, seed);
        RecordedStep step = RecordedStep.run(
                exact,
                model,
                specs,
                inputs.weights().upload(exact, specs),
                Objective.published(config.k()),
                inputs.batch(exact, samples),
                RecordedStep.Keep.OUTPUTS_AND_GRADIENTS,
                mistake,
                lossScale);
        return Truths.of(step, specs, Truths::onlyOfThreeCalls);
    }

    /// Tensors that a buffer could be reused for.
    private static String alike(Truth truth) {
        return Family.byName(truth.name()).orElseThrow() + " " + truth.shape();
    }

    private static ElementType elementType(FloatFormat format) {
        return switch (format) {
            case F64 -> ElementType.F64;
            case F32, TF32 -> ElementType.F32;
            case BF16 -> ElementType.BF16;
            case FP16 -> ElementType.F16;
        };
    }
}

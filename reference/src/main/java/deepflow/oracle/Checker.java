package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.ParameterState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Judges dumps: replays the step from its configuration, weights and inputs, and compares every tensor.
///
/// A tensor is accepted when ‖a − o‖ ≤ threshold·‖o‖ ([Precision#threshold]; the larger one of the dump's precision
/// and the replay's).
///
/// With a second back end it is judged against budgets as well (docs/verdict.md), and wrong where it breaks one.
///
/// @param backend what replays
/// @param accumulator computes in float32, for emulated runs; null for none
/// @param judging what dumps are held to
public record Checker(Backend backend, @Nullable Backend accumulator, Judging judging) {
    private static final Set<Family> OPTIMIZER =
            EnumSet.of(Family.OPTIM, Family.AFTER_M, Family.AFTER_V, Family.AFTER_WEIGHT, Family.AFTER_EMA);
    private static final Set<Family> STATE = EnumSet.of(Family.BEFORE_M, Family.BEFORE_V, Family.BEFORE_EMA);

    /// A checker that goes by the threshold alone.
    public Checker(Backend backend) {
        this(backend, null, Judging.USUAL);
    }

    /// Judges one dump.
    ///
    /// @throws FormatException if the dump, its configuration, weights or inputs are unusable
    public CheckResult check(Path path) {
        try (Dump dump = Dump.open(path)) {
            return check(dump);
        }
    }

    private CheckResult check(Dump dump) {
        StepMetadata metadata = dump.metadata();
        DeepFlow model = new DeepFlow(metadata.config());
        List<ParameterSpec> specs = Declarations.of(model);
        DumpInputs.check(dump, specs);
        List<ParameterSpec> withState = withState(dump, specs);
        Replay replay = new Replay(dump, model, specs);
        RecordedStep.Keep keep = replay.keep();
        StepMemory.require(metadata.config(), dump.info("in.x0").shape()[0], backend.dtype(), keep, dump.path());

        DumpInputs inputs = new DumpInputs(dump, backend);
        Map<String, Tensor> weights = inputs.weights(specs);
        RecordedStep step =
                RecordedStep.run(backend, model, specs, weights, metadata.objective(), inputs.batch(), keep);
        List<Truth> truths = new ArrayList<>(Truths.of(step, specs, metadata.lossScale(), dump::has));
        Precision precision = judging.precision() == null ? metadata.precision() : judging.precision();
        StepVerdicts.Result budgets = budgets(replay, precision, truths);
        if (metadata.optimizer() != null) {
            truths.addAll(
                    new OptimizerTruths(backend, metadata.optimizer(), withState, spec -> state(inputs, weights, spec))
                            .of(step, dumpedGradients(dump, withState)));
        }
        double threshold = Math.max(
                precision.threshold(),
                (backend.dtype() == DType.F32 ? Precision.F32 : Precision.F64).threshold());
        List<Finding> findings = judge(dump, truths, threshold).stream()
                .map(f -> {
                    TensorVerdict verdict = budgets.verdicts().get(f.name());
                    return verdict == null ? f : f.with(verdict);
                })
                .toList();
        return new CheckResult(
                dump.path().toString(), metadata, threshold, findings, absent(dump), budgets.suspects());
    }

    /// Empty where nothing is judged against budgets: without emulated runs, or where the replay is no float64 truth.
    private StepVerdicts.Result budgets(Replay replay, Precision precision, List<Truth> truths) {
        if (accumulator == null || judging.runs() == 0 || backend.dtype() != DType.F64) {
            return new StepVerdicts.Result(Map.of(), List.of());
        }
        return new StepVerdicts(backend, accumulator, precision, judging.risk(), judging.runs()).of(replay, truths);
    }

    /// Parameters with optimizer state, complete and of the right shapes.
    private static List<ParameterSpec> withState(Dump dump, List<ParameterSpec> specs) {
        Set<String> names = new HashSet<>();
        for (Family family : STATE) {
            dump.names().stream().filter(n -> n.startsWith(family.prefix())).forEach(names::add);
        }
        if (names.isEmpty()) {
            return List.of();
        }
        if (dump.metadata().optimizer() == null) {
            throw new FormatException(
                    dump.path() + ": there is optimizer state, but the metadata lack the key 'optimizer'.");
        }
        List<ParameterSpec> with = new ArrayList<>();
        for (ParameterSpec spec : specs) {
            boolean any = STATE.stream().anyMatch(f -> names.contains(f.of(spec.name())));
            if (!any) {
                continue;
            }
            for (Family family : STATE) {
                String name = family.of(spec.name());
                if (!dump.has(name) || !dump.hasShape(name, spec.shape())) {
                    throw new FormatException(
                            dump.path() + ": the optimizer state needs " + name + " of shape " + spec.shape() + ".");
                }
                names.remove(name);
            }
            with.add(spec);
        }
        if (!names.isEmpty()) {
            throw new FormatException(dump.path() + ": the optimizer state "
                    + names.stream().sorted().findFirst().get() + " belongs to no parameter of the model.");
        }
        return with;
    }

    /// The dump's own gradients, unscaled, as far as they are there in the right shape: else null.
    private Function<ParameterSpec, @Nullable Tensor> dumpedGradients(Dump dump, List<ParameterSpec> specs) {
        boolean all = specs.stream()
                .map(s -> Map.entry(Family.GRAD.of(s.name()), s.shape()))
                .allMatch(e -> dump.has(e.getKey()) && dump.hasShape(e.getKey(), e.getValue()));
        return spec -> {
            if (!all) {
                return null;
            }
            Tensor g = backend.upload(dump.read(Family.GRAD.of(spec.name())), spec.shape());
            return backend.scale(g, 1 / dump.metadata().lossScale());
        };
    }

    private ParameterState state(DumpInputs inputs, Map<String, Tensor> weights, ParameterSpec spec) {
        return new ParameterState(
                backend.copy(Objects.requireNonNull(weights.get(spec.name()))),
                inputs.upload(Family.BEFORE_M.of(spec.name()), spec.shape()),
                inputs.upload(Family.BEFORE_V.of(spec.name()), spec.shape()),
                inputs.upload(Family.BEFORE_EMA.of(spec.name()), spec.shape()));
    }

    private static List<Finding> judge(Dump dump, List<Truth> truths, double threshold) {
        List<Finding> findings = new ArrayList<>();
        Set<String> known = new HashSet<>();
        for (Truth truth : truths) {
            known.add(truth.name());
            Finding finding = judge(dump, truth, threshold);
            if (finding != null) {
                findings.add(finding);
            }
        }
        for (String name : dump.names().stream().sorted().toList()) {
            Family family = Family.byName(name).orElse(null);
            boolean given = family == Family.IN || family == Family.WEIGHT || STATE.contains(family);
            if (!given && !known.contains(name)) {
                // other modules may have outputs that ours have not; a result that the step cannot have is wrong
                boolean counts = family != null && family != Family.ACT && family != Family.GRADACT;
                findings.add(
                        Finding.uncompared(name, Finding.Status.UNEXPECTED, "the step has no such tensor", counts));
            }
        }
        return findings;
    }

    private static @Nullable Finding judge(Dump dump, Truth truth, double threshold) {
        if (!dump.has(truth.name())) {
            return absence(dump, truth);
        }
        if (!fits(dump.info(truth.name()).shape(), truth)) {
            return Finding.uncompared(
                    truth.name(),
                    Finding.Status.SHAPE,
                    "has shape " + Arrays.toString(dump.info(truth.name()).shape()) + ", expected " + truth.shape(),
                    true);
        }
        double[] actual = dump.read(truth.name());
        Errors e = Errors.between(actual, truth.values().get(), truth.scale().get());
        if (truth.alternative() != null && !(e.relative() <= threshold)) {
            Errors other = Errors.between(
                    actual, truth.alternative().get(), truth.scale().get());
            e = other.relative() <= threshold ? other : e;
        }
        String where = e.at() < 0 ? "" : index(e.nonFinite() >= 0 ? e.nonFinite() : e.at(), truth.shape());
        if (e.nonFinite() >= 0) {
            return new Finding(truth.name(), Finding.Status.NOT_FINITE, e.relative(), e.largest(), where, true);
        }
        boolean ok = e.relative() <= threshold;
        return new Finding(
                truth.name(), ok ? Finding.Status.OK : Finding.Status.WRONG, e.relative(), e.largest(), where, !ok);
    }

    private static @Nullable Finding absence(Dump dump, Truth truth) {
        Family family = Family.byName(truth.name()).orElseThrow();
        boolean familyThere = OPTIMIZER.contains(family) ? OPTIMIZER.stream().anyMatch(dump::has) : dump.has(family);
        if (!familyThere || truth.when() == Truth.Absence.FINE) {
            return null;
        }
        boolean counts = truth.when() == Truth.Absence.FINDING;
        if (counts && Errors.norm(truth.values().get()) == 0) {
            return null; // what is zero everywhere need not be written: a parameter the loss does not reach
        }
        return Finding.uncompared(truth.name(), Finding.Status.MISSING, "not in the dump", counts);
    }

    /// Whether a dumped shape is the truth's: equal; or one number however it is wrapped; or, for projectors, tokens of
    /// all samples in one axis.
    private static boolean fits(long[] dims, Truth truth) {
        Shape shape = truth.shape();
        long[] expected = Arrays.stream(shape.dims()).asLongStream().toArray();
        if (Arrays.equals(dims, expected)) {
            return true;
        }
        if (shape.rank() == 0) {
            return dims.length == 1 && dims[0] == 1;
        }
        boolean flat = truth.name().contains(".projectors.") && shape.rank() == 3 && dims.length == 2;
        return flat && dims[0] == expected[0] * expected[1] && dims[1] == expected[2];
    }

    private static String index(int flat, Shape shape) {
        int[] index = new int[shape.rank()];
        int rest = flat;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            index[axis] = rest % shape.dim(axis);
            rest /= shape.dim(axis);
        }
        return Arrays.toString(index);
    }

    private static List<String> absent(Dump dump) {
        List<String> absent = new ArrayList<>();
        for (Family family : EnumSet.of(Family.ACT, Family.GRADACT, Family.OUT, Family.LOSS, Family.GRAD)) {
            if (!dump.has(family)) {
                absent.add(family.prefix() + "*");
            }
        }
        if (OPTIMIZER.stream().noneMatch(dump::has)) {
            absent.add("after.*");
        }
        return absent;
    }
}

package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.nn.ParameterSpec;
import deepflow.oracle.budget.AdamWBounds;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import deepflow.train.ParameterState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a dump holds of the optimizer's state before the step, and the gradients the optimizer was given.
///
/// @param dump the dump
/// @param backend what computes
/// @param trained all parameters of the model that are trained
/// @param fixed those that are not; a moving average may hold them all the same
record DumpedOptimizer(Dump dump, Backend backend, List<ParameterSpec> trained, List<ParameterSpec> fixed) {
    /// Parameters with optimizer state, complete and of the right shapes. Not every optimizer keeps an average.
    ///
    /// @throws FormatException if something of it is missing, or does not fit the model
    List<ParameterSpec> withState() {
        boolean before = Family.STATE.stream().anyMatch(dump::has);
        boolean after = Family.STEPPED.stream().anyMatch(f -> f != Family.OPTIM && dump.has(f));
        if ((before || after || dump.has(Family.OPTIM)) && dump.metadata().optimizer() == null) {
            throw unusable("there is an optimizer step, but the metadata lack the key 'optimizer'");
        }
        if (after && !before) {
            throw unusable("there is after.*, but no before.*: the state that the optimizer step began with");
        }
        if (dump.has(Family.AFTER_EMA) && !dump.has(Family.BEFORE_EMA)) {
            throw unusable(
                    "there is after.ema.*, but no before.ema.*: the averages that the optimizer step began with");
        }
        Set<String> names = new TreeSet<>();
        dump.names().stream()
                .filter(n -> Family.byName(n).filter(Family.STATE::contains).isPresent())
                .forEach(names::add);
        List<ParameterSpec> with = new ArrayList<>();
        for (ParameterSpec spec : trained) {
            if (Family.STATE.stream().anyMatch(f -> names.contains(f.of(spec.name())))) {
                names.remove(complete(Family.BEFORE_M.of(spec.name()), spec));
                names.remove(complete(Family.BEFORE_V.of(spec.name()), spec));
                if (dump.has(Family.BEFORE_EMA)) {
                    names.remove(complete(Family.BEFORE_EMA.of(spec.name()), spec));
                }
                with.add(spec);
            }
        }
        for (ParameterSpec spec : fixed) {
            String average = Family.BEFORE_EMA.of(spec.name());
            if (names.contains(average)) {
                names.remove(complete(average, spec));
            }
        }
        if (!names.isEmpty()) {
            throw unusable(
                    "the optimizer state " + names.iterator().next() + " belongs to no trained parameter of the model");
        }
        return with;
    }

    private String complete(String name, ParameterSpec spec) {
        if (!fits(name, spec)) {
            throw unusable("the optimizer state needs " + name + " of shape " + spec.shape()
                    + " and of type F64, F32, F16 or BF16");
        }
        return name;
    }

    private boolean fits(String name, ParameterSpec spec) {
        return dump.has(name)
                && dump.hasShape(name, spec.shape())
                && dump.info(name).type().isFloating();
    }

    /// A parameter and its state before the step.
    ParameterState state(DumpInputs inputs, Map<String, Tensor> weights, ParameterSpec spec) {
        return new ParameterState(
                backend.copy(Objects.requireNonNull(weights.get(spec.name()))),
                inputs.upload(Family.BEFORE_M.of(spec.name()), spec.shape()),
                inputs.secondMoment(Family.BEFORE_V.of(spec.name()), spec.shape()),
                averaged(spec)
                        ? inputs.upload(Family.BEFORE_EMA.of(spec.name()), spec.shape())
                        : backend.full(spec.shape(), 0));
    }

    /// Whether the dump has a moving average of a parameter.
    boolean averaged(ParameterSpec spec) {
        return dump.has(Family.BEFORE_EMA.of(spec.name()));
    }

    /// What the step makes of parameters that are not trained: weight and average stay as they are (SPEC §6).
    List<Truth> unchanged() {
        List<Truth> truths = new ArrayList<>();
        for (ParameterSpec spec : fixed) {
            String weight = Family.WEIGHT.of(spec.name());
            String average = averaged(spec) ? Family.BEFORE_EMA.of(spec.name()) : weight;
            truths.add(same(Family.AFTER_WEIGHT.of(spec.name()), spec, weight));
            truths.add(same(Family.AFTER_EMA.of(spec.name()), spec, average));
        }
        return truths;
    }

    private Truth same(String name, ParameterSpec spec, String as) {
        return new Truth(name, spec.shape(), Truth.Absence.FINE, () -> dump.read(as));
    }

    /// The dump's own gradients, unscaled; null unless all that are not zero are there in the right shape.
    @Nullable
    Function<ParameterSpec, Tensor> gradients(RecordedStep step) {
        boolean all = trained.stream().allMatch(spec -> {
            String name = Family.GRAD.of(spec.name());
            return dump.has(name) ? dump.hasShape(name, spec.shape()) : isZero(step, spec);
        });
        if (!all) {
            return null;
        }
        return spec -> {
            String name = Family.GRAD.of(spec.name());
            if (!dump.has(name)) {
                return backend.full(spec.shape(), 0);
            }
            Tensor g = backend.upload(dump.read(name), spec.shape());
            return backend.scale(g, 1 / dump.metadata().lossScale());
        };
    }

    /// The weight after the step from the moments after it, the average from that weight, as the dump has
    /// them: from gradients of the replay a weight is ill-conditioned where v is near 0, so that a right one
    /// may look wrong. The moments themselves are held to the replay's gradients.
    ///
    /// @param result of which family
    /// @return null for other results, or if what they take is not in the dump
    @Nullable
    Supplier<double[]> fromRecorded(ParameterSpec spec, Family result) {
        StepMetadata.Optimizer step = Objects.requireNonNull(dump.metadata().optimizer());
        AdamWBounds exact = new AdamWBounds(step.constants().at(step.step()), FloatFormat.F64);
        String name = spec.name();
        String m = Family.AFTER_M.of(name);
        String v = Family.AFTER_V.of(name);
        String weight = Family.AFTER_WEIGHT.of(name);
        if (result == Family.AFTER_WEIGHT && fits(m, spec) && fits(v, spec)) {
            return () -> exact.weight(dump.read(Family.WEIGHT.of(name)), dump.read(m), dump.read(v))
                    .values();
        }
        if (result == Family.AFTER_EMA && fits(weight, spec)) {
            double decay = step.constants().emaDecay();
            return () -> exact.average(dump.read(Family.BEFORE_EMA.of(name)), dump.read(weight), decay)
                    .values();
        }
        return null;
    }

    private boolean isZero(RecordedStep step, ParameterSpec spec) {
        Tensor g = step.parameters().get(spec.name()).gradient();
        return g == null || Arrays.stream(backend.download(g)).allMatch(v -> v == 0);
    }

    private FormatException unusable(String why) {
        return new FormatException(dump.path() + ": " + why + ".");
    }
}

package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.nn.ParameterSpec;
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
import org.jspecify.annotations.Nullable;

/// What a dump holds of the optimizer's state before the step, and the gradients the optimizer was given.
///
/// @param dump the dump
/// @param backend what computes
/// @param trained all parameters of the model that are trained
record DumpedOptimizer(Dump dump, Backend backend, List<ParameterSpec> trained) {
    /// Parameters with optimizer state, complete and of the right shapes.
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
        Set<String> names = new TreeSet<>();
        dump.names().stream()
                .filter(n -> Family.byName(n).filter(Family.STATE::contains).isPresent())
                .forEach(names::add);
        List<ParameterSpec> with = new ArrayList<>();
        for (ParameterSpec spec : trained) {
            if (Family.STATE.stream().anyMatch(f -> names.contains(f.of(spec.name())))) {
                Family.STATE.forEach(family -> names.remove(complete(family.of(spec.name()), spec)));
                with.add(spec);
            }
        }
        if (!names.isEmpty()) {
            throw unusable(
                    "the optimizer state " + names.iterator().next() + " belongs to no trained parameter of the model");
        }
        return with;
    }

    private String complete(String name, ParameterSpec spec) {
        if (!dump.has(name)
                || !dump.hasShape(name, spec.shape())
                || !dump.info(name).type().isFloating()) {
            throw unusable("the optimizer state needs " + name + " of shape " + spec.shape()
                    + " and of type F64, F32, F16 or BF16");
        }
        return name;
    }

    /// A parameter and its state before the step.
    ParameterState state(DumpInputs inputs, Map<String, Tensor> weights, ParameterSpec spec) {
        return new ParameterState(
                backend.copy(Objects.requireNonNull(weights.get(spec.name()))),
                inputs.upload(Family.BEFORE_M.of(spec.name()), spec.shape()),
                inputs.secondMoment(Family.BEFORE_V.of(spec.name()), spec.shape()),
                inputs.upload(Family.BEFORE_EMA.of(spec.name()), spec.shape()));
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

    private boolean isZero(RecordedStep step, ParameterSpec spec) {
        Tensor g = step.parameters().get(spec.name()).gradient();
        return g == null || Arrays.stream(backend.download(g)).allMatch(v -> v == 0);
    }

    private FormatException unusable(String why) {
        return new FormatException(dump.path() + ": " + why + ".");
    }
}

package deepflow.oracle;

import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.GradientClip;
import deepflow.train.OptimizerConfig;
import deepflow.train.ParameterState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What the optimizer step makes of gradients: clipping, AdamW, moving average (SPEC §6). Parameters are stepped one at
/// a time, when they are asked for, so that a large model's state is never whole in memory.
///
/// @param backend what computes
/// @param optimizer constants and step number
/// @param trained all parameters that have a gradient, for its norm
/// @param specs those of them that have a state before the step
/// @param averaged whether there is a moving average of a parameter
/// @param before a parameter's weight, moments and average before the step, that may be changed
record OptimizerTruths(
        Backend backend,
        StepMetadata.Optimizer optimizer,
        List<ParameterSpec> trained,
        List<ParameterSpec> specs,
        Predicate<ParameterSpec> averaged,
        Function<ParameterSpec, ParameterState> before) {
    /// What a result is from other recorded results.
    @FunctionalInterface
    interface Recorded {
        /// @param result of which family
        /// @return null if what it takes was not recorded
        @Nullable
        Supplier<double[]> of(ParameterSpec spec, Family result);
    }

    /// The truths of one optimizer step, in order: the norm, then each parameter's moments, weight and average.
    ///
    /// @param step whose gradients the optimizer is given
    /// @param lossScale what they are multiplied by, and the optimizer divides by
    List<Truth> of(RecordedStep step, double lossScale) {
        return of(step, lossScale, null, (spec, result) -> null);
    }

    /// The same for a dump.
    ///
    /// @param others other gradients that the optimizer may have been given instead: the dump's own; null
    ///     when unknown
    /// @param recorded what its results are from each other, for a dump without gradients
    List<Truth> of(
            RecordedStep step, double lossScale, @Nullable Function<ParameterSpec, Tensor> others, Recorded recorded) {
        Stepper ours = new Stepper(spec -> {
            Tensor g = step.parameters().get(spec.name()).gradient();
            if (g == null) {
                return backend.full(spec.shape(), 0);
            }
            return lossScale == 1 ? g : backend.scale(g, 1 / lossScale);
        });
        Stepper theirs = others == null ? null : new Stepper(others);
        List<Truth> all = new ArrayList<>();
        all.add(new Truth(
                Family.OPTIM.of("grad_norm"),
                Shape.SCALAR,
                Truth.Absence.LISTED,
                () -> backend.download(ours.clip().norm()),
                theirs == null ? null : () -> backend.download(theirs.clip().norm()),
                () -> Norm.ZERO));
        for (ParameterSpec spec : specs) {
            for (Part part : Part.values()) {
                if (part == Part.EMA && !averaged.test(spec)) {
                    continue;
                }
                all.add(new Truth(
                        part.family.of(spec.name()),
                        spec.shape(),
                        Truth.Absence.FINDING,
                        () -> ours.after(spec, part),
                        theirs == null ? recorded.of(spec, part.family) : () -> theirs.after(spec, part),
                        () -> Norm.ZERO));
            }
        }
        return all;
    }

    private enum Part {
        M(Family.AFTER_M, ParameterState::m),
        V(Family.AFTER_V, ParameterState::v),
        WEIGHT(Family.AFTER_WEIGHT, ParameterState::weight),
        EMA(Family.AFTER_EMA, ParameterState::ema);

        private final Family family;
        private final Function<ParameterState, Tensor> in;

        Part(Family family, Function<ParameterState, Tensor> in) {
            this.family = family;
            this.in = in;
        }
    }

    /// Steps one parameter at a time with gradients from one source, and remembers the last.
    private final class Stepper {
        private final Function<ParameterSpec, Tensor> gradients;
        private @Nullable GradientClip clip;
        private @Nullable ParameterSpec current;
        private @Nullable ParameterState stepped;

        Stepper(Function<ParameterSpec, Tensor> gradients) {
            this.gradients = gradients;
        }

        GradientClip clip() {
            if (clip == null) {
                Iterable<Tensor> all = () -> trained.stream().map(gradients).iterator();
                clip = GradientClip.of(backend, all, optimizer.constants().clip());
            }
            return clip;
        }

        double[] after(ParameterSpec spec, Part part) {
            ParameterState state = spec.equals(current) ? stepped : null;
            if (state == null) {
                state = before.apply(spec);
                OptimizerConfig c = optimizer.constants();
                state.step(backend, gradients.apply(spec), clip(), c.at(optimizer.step()), c.emaDecay());
                stepped = state;
                current = spec;
            }
            return backend.download(part.in.apply(state));
        }
    }
}

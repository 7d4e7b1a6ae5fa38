package deepflow.train;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One training step on a state: gradients of all parts of the batch, clipping, AdamW, moving average (SPEC
/// §6).
///
/// @param model what is trained
/// @param objective what is minimised
/// @param optimizer its constants
public record Trainer(VelocityModel model, Objective objective, OptimizerConfig optimizer) {
    /// Sums over the parts of a batch.
    private static final class Sums {
        private final Map<String, Tensor> gradients = new LinkedHashMap<>();
        private double deep;
        private double acc;
        private double ssl;
        private double total;
    }

    /// Takes a step, unless something is not finite. Where the state scales the loss ([LossScale]), gradients
    /// are divided by the scale before anything is done with them; if they overflowed, the step is skipped and
    /// the scale halved.
    ///
    /// @param state changed in place
    /// @param parts the batch, in one or more parts of equal size (gradient accumulation): losses and
    ///     gradients are the means over the parts
    /// @param step counted from 1
    public StepResult step(Backend b, TrainingState state, List<Batch> parts, long step) {
        try (Arena _ = b.arena()) {
            Sums sums = new Sums();
            for (Batch part : parts) {
                accumulate(b, state, part, 1.0 / parts.size(), sums);
            }
            LossScale scale = state.lossScale();
            if (scale != null) {
                unscale(b, sums, scale);
            }
            GradientClip clip = GradientClip.of(b, sums.gradients.values(), optimizer.clip());
            double norm = b.download(clip.norm())[0];
            boolean finite = Double.isFinite(sums.total) && Double.isFinite(norm);
            if (scale != null && !finite && Double.isFinite(sums.total) && scale.canShrink()) {
                state.lossScale(scale.shrunk());
                return new StepResult(sums.deep, sums.acc, sums.ssl, sums.total, norm, null, true);
            }
            if (finite) {
                AdamWStep constants = optimizer.at(scale == null ? step : step - scale.skipped());
                for (ParameterSpec spec : state.trained()) {
                    Tensor g = sums.gradients.get(spec.name());
                    if (g != null) {
                        state.of(spec).step(b, g, clip, constants, optimizer.emaDecay());
                    }
                }
                if (scale != null) {
                    state.lossScale(scale.grown());
                }
            }
            String culprit = finite ? null : firstNotFinite(b, state, parts, sums);
            return new StepResult(sums.deep, sums.acc, sums.ssl, sums.total, norm, culprit, false);
        }
    }

    /// Divides by a power of two, which is exact.
    private static void unscale(Backend b, Sums sums, LossScale scale) {
        sums.gradients.replaceAll((name, scaled) -> {
            Tensor g = b.scale(scaled, 1 / scale.factor());
            b.release(scaled);
            return g;
        });
    }

    private void accumulate(Backend b, TrainingState state, Batch part, double share, Sums sums) {
        try (Arena arena = b.arena()) {
            Tape tape = Tape.training(b);
            Parameters parameters = Parameters.on(tape, state.specs(), state.weights());
            Losses losses = objective.evaluate(Context.root(tape, parameters, TraceListener.NONE), model, part);
            sums.deep += share * scalar(b, losses.deep());
            sums.acc += share * scalar(b, losses.acc());
            sums.total += share * scalar(b, losses.total());
            Variable ssl = losses.ssl();
            sums.ssl += ssl == null ? 0 : share * scalar(b, ssl);
            LossScale scale = state.lossScale();
            tape.backward(losses.total(), scale == null ? share : share * scale.factor());
            for (ParameterSpec spec : state.trained()) {
                Tensor g = parameters.get(spec.name()).gradient();
                if (g != null) {
                    Tensor before = sums.gradients.get(spec.name());
                    sums.gradients.put(spec.name(), arena.keep(before == null ? g : b.add(before, g)));
                }
            }
        }
    }

    private static double scalar(Backend b, Variable x) {
        return b.download(x.value())[0];
    }

    /// Runs the step again and looks at every tensor in the order of execution: parameters, inputs,
    /// modules' outputs, losses, gradients.
    private String firstNotFinite(Backend b, TrainingState state, List<Batch> parts, Sums sums) {
        for (Map.Entry<String, Tensor> w : state.weights().entrySet()) {
            if (bad(b, w.getValue())) {
                return "weight." + w.getKey();
            }
        }
        for (Batch part : parts) {
            String found = inForward(b, state, part);
            if (found != null) {
                return found;
            }
        }
        for (Map.Entry<String, Tensor> g : sums.gradients.entrySet()) {
            if (bad(b, g.getValue())) {
                return "grad." + g.getKey();
            }
        }
        return "the gradients' norm";
    }

    private @Nullable String inForward(Backend b, TrainingState state, Batch part) {
        if (bad(b, part.x0())) {
            return "in.x0";
        }
        try (Arena _ = b.arena()) {
            String[] first = new String[1];
            Tape tape = Tape.inference(b);
            Parameters parameters = Parameters.on(tape, state.specs(), state.weights());
            Context root = Context.root(tape, parameters, (name, y, alias) -> {
                if (first[0] == null && bad(b, y.value())) {
                    first[0] = "act." + name;
                }
                return y;
            });
            Losses losses = objective.evaluate(root, model, part);
            if (first[0] == null && bad(b, losses.total().value())) {
                first[0] = "loss.total";
            }
            return first[0];
        }
    }

    private static boolean bad(Backend b, Tensor x) {
        return b.download(b.countNonFinite(x))[0] != 0;
    }
}

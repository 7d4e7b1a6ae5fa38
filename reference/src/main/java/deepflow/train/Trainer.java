package deepflow.train;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.parallel.Ranks;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
        return step(b, Ranks.ALONE, state, parts, step);
    }

    /// Takes a step together with other ranks: losses and gradients are the means over the parts of all of
    /// them. One process that takes the parts in the order first of all ranks, second of all ranks … gets the
    /// same bits.
    ///
    /// @param ranks who computes; all with the same state, which stays the same
    /// @param parts this rank's parts of the batch, as many as every other's
    public StepResult step(Backend b, Ranks ranks, TrainingState state, List<Batch> parts, long step) {
        try (Arena _ = b.arena()) {
            Sums sums = new Sums();
            for (Batch part : parts) {
                accumulate(b, ranks, state, part, 1.0 / (parts.size() * ranks.count()), sums);
            }
            LossScale scale = state.lossScale();
            if (scale != null) {
                unscale(b, sums, scale);
            }
            GradientClip clip = GradientClip.of(b, sums.gradients.values(), optimizer.clip());
            double norm = b.download(clip.norm())[0];
            ranks.check();
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
            String culprit = finite ? null : firstNotFinite(b, ranks, state, parts, sums);
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

    private void accumulate(Backend b, Ranks ranks, TrainingState state, Batch part, double share, Sums sums) {
        try (Arena arena = b.arena()) {
            Tape tape = Tape.training(b);
            Parameters parameters = Parameters.on(tape, state.specs(), state.weights());
            Losses losses = objective.evaluate(Context.root(tape, parameters, TraceListener.NONE), model, part);
            Variable ssl = losses.ssl();
            double[] own = {
                scalar(b, losses.deep()),
                scalar(b, losses.acc()),
                ssl == null ? 0 : scalar(b, ssl),
                scalar(b, losses.total())
            };
            for (double[] of : gather(b, ranks, own)) {
                sums.deep += share * of[0];
                sums.acc += share * of[1];
                sums.ssl += share * of[2];
                sums.total += share * of[3];
            }
            LossScale scale = state.lossScale();
            tape.backward(losses.total(), scale == null ? share : share * scale.factor());
            for (ParameterSpec spec : state.trained()) {
                Tensor g = parameters.get(spec.name()).gradient();
                if (g != null) {
                    Tensor before = sums.gradients.get(spec.name());
                    sums.gradients.put(spec.name(), arena.keep(sum(b, before, ranks, g)));
                }
            }
        }
    }

    /// before + g of rank 0 + g of rank 1 …, in this order.
    private static Tensor sum(Backend b, @Nullable Tensor before, Ranks ranks, Tensor g) {
        if (ranks.count() == 1) {
            return before == null ? g : b.add(before, g);
        }
        Tensor sum = before;
        for (Tensor one : ranks.gather(b, g)) {
            if (sum == null) {
                sum = one;
            } else {
                b.addInPlace(sum, one);
                b.release(one);
            }
        }
        return Objects.requireNonNull(sum);
    }

    /// Numbers of every rank that its back end's type holds exactly, in the order of ranks.
    private static List<double[]> gather(Backend b, Ranks ranks, double... own) {
        if (ranks.count() == 1) {
            return List.of(own);
        }
        return ranks.gather(b, b.upload(own, Shape.of(own.length))).stream()
                .map(b::download)
                .toList();
    }

    private static double scalar(Backend b, Variable x) {
        return b.download(x.value())[0];
    }

    /// Runs the step again and looks at every tensor in the order of execution: parameters, inputs,
    /// modules' outputs, losses, gradients.
    private String firstNotFinite(Backend b, Ranks ranks, TrainingState state, List<Batch> parts, Sums sums) {
        for (Map.Entry<String, Tensor> w : state.weights().entrySet()) {
            if (bad(b, w.getValue())) {
                return "weight." + w.getKey();
            }
        }
        String own = inForward(b, state, parts);
        List<double[]> found = gather(b, ranks, own == null ? 0 : 1);
        if (own != null) {
            return own;
        }
        for (int rank = 0; rank < found.size(); rank++) {
            if (found.get(rank)[0] != 0) {
                return "one of rank " + rank + "'s, which names it";
            }
        }
        for (Map.Entry<String, Tensor> g : sums.gradients.entrySet()) {
            if (bad(b, g.getValue())) {
                return "grad." + g.getKey();
            }
        }
        return "the gradients' norm";
    }

    private @Nullable String inForward(Backend b, TrainingState state, List<Batch> parts) {
        for (Batch part : parts) {
            String found = inForward(b, state, part);
            if (found != null) {
                return found;
            }
        }
        return null;
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

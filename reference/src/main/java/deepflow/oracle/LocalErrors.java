package deepflow.oracle;

import deepflow.oracle.budget.BoundingBackend;
import deepflow.oracle.emulation.FloatFormat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// The errors of each operation alone: the step replayed with the dump's own values in the place of computed ones, and
/// a bound beside every number.
final class LocalErrors {
    /// Gradients that a loss computes, and which loss that is.
    private static final Map<String, String> READ_BY_LOSSES = Map.of(
            "gradact\\.final_layer(\\.\\d+)?\\.linear(#\\d+)?", "loss.deep",
            "gradact\\.final_acc_layer\\.linear(#\\d+)?", "loss.acc");

    private final EmulatedErrors errors;
    private final Map<String, Double> ratios = new HashMap<>();
    private final Map<String, Double> conditions = new HashMap<>();
    /// All tensors of the step in graph order, whether the dump has them or not.
    private final List<String> order = new ArrayList<>();
    private final Set<String> handedOn = new HashSet<>();

    LocalErrors(Replay replay, RecordedTypes types, BoundingBackend bounding) {
        RecordedStep step =
                replay.run(bounding, (w, type) -> bounding.given(w), new Substitution(replay.dump(), bounding::upload));
        List<Truth> truths = replay.truths(step, (name, t) -> bounding.download(t));
        errors = new EmulatedErrors(replay.dump(), types, truths, true);
        truths.forEach(t -> order.add(t.name()));
        for (RecordedStep.Output output : step.outputs()) {
            if (output.alias() || Truths.onlyOfThreeCalls(output.name())) {
                handedOn.add(Family.ACT.of(output.name()));
                handedOn.add(Family.GRADACT.of(output.name()));
            }
        }
        for (Truth bounds : replay.truths(step, (name, t) -> bound(bounding, types, name, t))) {
            EmulatedErrors.Case c = errors.cases().get(bounds.name());
            if (c != null) {
                ratios.put(bounds.name(), worst(c, bounds.values().get()));
            }
        }
        for (Truth magnitudes : replay.truths(step, (name, t) -> bounding.magnitude(t))) {
            EmulatedErrors.Case c = errors.cases().get(magnitudes.name());
            if (c != null) {
                double size = Norm.ofFinite(c.truth());
                conditions.put(
                        magnitudes.name(), Norm.ofFinite(magnitudes.values().get()) / size);
            }
        }
    }

    private static double[] bound(
            BoundingBackend bounding, RecordedTypes types, String name, deepflow.tensor.Tensor tensor) {
        FloatFormat stored = types.of(name);
        return stored == null ? bounding.bound(tensor) : bounding.bound(tensor, stored);
    }

    /// The largest |error| over its bound; infinite where there is an error and may be none, NaN where a bound is.
    private static double worst(EmulatedErrors.Case c, double[] bounds) {
        double worst = 0;
        double[] actual = c.actual();
        double[] truth = c.truth();
        for (int i = 0; i < bounds.length; i++) {
            double e = Math.abs(actual[i] - truth[i]);
            if (e > 0 || Double.isNaN(e)) {
                worst = Math.max(worst, e / bounds[i]);
            }
        }
        return worst;
    }

    /// Truths from the dump's own inputs, and what emulated runs make of them.
    EmulatedErrors errors() {
        return errors;
    }

    /// Largest |error| over its bound.
    double ratio(String name) {
        return ratios.getOrDefault(name, Double.NaN);
    }

    /// κ.
    double condition(String name) {
        return conditions.getOrDefault(name, Double.NaN);
    }

    /// The first tensor in graph order that is wrong, after those that lie between it and the last one before
    /// that the dump has: one of them is the first wrong operation. Before the gradient of what a loss reads
    /// there is that loss, whose value may be right, or wrong by less than its rounding. Empty if none is wrong.
    List<String> suspects(Predicate<String> inDump, Predicate<String> wrong) {
        List<String> between = new ArrayList<>();
        for (String name : order) {
            if (inDump.test(name)) {
                if (wrong.test(name)) {
                    READ_BY_LOSSES.forEach((read, loss) -> {
                        if (name.matches(read)) {
                            between.add(loss);
                        }
                    });
                    between.add(name);
                    return between;
                }
                between.clear();
            } else if (!handedOn.contains(name) && moduleOutput(name)) {
                between.add(name);
            }
        }
        return List.of();
    }

    private static boolean moduleOutput(String name) {
        return name.startsWith(Family.ACT.prefix()) || name.startsWith(Family.GRADACT.prefix());
    }
}

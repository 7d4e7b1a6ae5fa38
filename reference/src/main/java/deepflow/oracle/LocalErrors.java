package deepflow.oracle;

import deepflow.oracle.budget.BoundingBackend;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

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
    private final HeapGrowth growth = new HeapGrowth();
    /// All tensors of the step in graph order, whether the dump has them or not.
    private final List<String> order;
    private final Set<String> handedOn;

    /// @param threads share what is read and compared
    LocalErrors(Replay replay, BoundingBackend bounding, Threads threads) {
        Dump dump = replay.dump();
        RecordedTypes types = replay.types();
        Replay.Run run = replay.run(
                bounding,
                (w, type) -> bounding.given(w),
                new Substitution(
                        dump, types, bounding, (name, into) -> dump.read(name, into, threads), bounding::adopt),
                (name, tensor) -> {
                    growth.limit();
                    FloatFormat stored = types.of(name);
                    return stored == null || dump.info(name).elements() != tensor.size()
                            ? Truths.TAKEN
                            : compared(dump, stored, bounding, threads, name, tensor);
                });
        errors = new EmulatedErrors(dump, types, run.truths());
        order = run.truths().stream().map(Truth::name).toList();
        handedOn = run.handedOn();
    }

    /// Takes what is wanted of a tensor: nothing else of it is kept.
    private Supplier<double[]> compared(
            Dump dump, FloatFormat stored, BoundingBackend bounding, Threads threads, String name, Tensor tensor) {
        double[] truth = bounding.elements(tensor);
        BoundingBackend.Upper bounds = bounding.bounds(tensor, stored);
        BoundingBackend.Upper terms = bounding.magnitudes(tensor);
        int pieces = NearDump.pieces(truth.length);
        double[] worst = new double[pieces];
        double[] size = new double[pieces];
        NearDump kept = NearDump.of(dump, name, truth, threads, (piece, actual, from, count) -> {
            double[] numbers = new double[count];
            bounds.read(from, numbers);
            worst[piece] = worst(actual, truth, from, numbers);
            terms.read(from, numbers);
            size[piece] = Norm.ofFinite(numbers);
        });
        ratios.put(name, Arrays.stream(worst).reduce(0, Math::max));
        conditions.put(name, Arrays.stream(size).reduce(0, Math::hypot) / kept.size());
        return kept;
    }

    /// The largest |error| over its bound; infinite where there is an error and may be none, NaN where an error is. A
    /// bound that is NaN or infinite allows any.
    private static double worst(double[] actual, double[] truth, int from, double[] bounds) {
        double worst = 0;
        for (int i = 0; i < bounds.length; i++) {
            double e = Math.abs(actual[i] - truth[from + i]);
            if (Double.isNaN(e)) {
                return Double.NaN;
            }
            if (e / bounds[i] > worst) {
                worst = e / bounds[i];
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

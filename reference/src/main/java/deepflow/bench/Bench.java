package deepflow.bench;

import deepflow.cost.Cost;
import deepflow.model.ModelConfig;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// Times work of one model.
///
/// @param name of the configuration, as it was asked for
/// @param config the model
/// @param samples in the batch
/// @param runs timed
public record Bench(String name, ModelConfig config, int samples, int runs) {
    /// All work there is.
    public static final String ALL = "all";

    private static final double STEP_WARM_UP = 3;
    private static final double KERNEL_WARM_UP = 0.5;

    /// Samples in the peer's batch: 64 for `digits`, 4 for `latent-s`, 8 otherwise.
    public static int usualBatch(String config) {
        return switch (config) {
            case "digits" -> 64;
            case "latent-s" -> 4;
            default -> 8;
        };
    }

    /// The work of these names, in a fixed order.
    ///
    /// @throws IllegalArgumentException if there is no such work; one sentence without full stop, with all
    ///     names
    public List<Work> work(Set<String> names) {
        Map<String, List<Work>> all = new LinkedHashMap<>();
        all.put("train_step", List.of(StepWork.training(config, samples)));
        all.put("forward", List.of(StepWork.forward(config, samples)));
        all.putAll(new KernelWork(config, samples).byName());
        Set<String> unknown = new LinkedHashSet<>(names);
        unknown.removeAll(all.keySet());
        unknown.remove(ALL);
        if (names.isEmpty() || !unknown.isEmpty()) {
            String asked = names.isEmpty() ? "" : unknown.iterator().next();
            throw new IllegalArgumentException(
                    "there is no '" + asked + "' to time; there are " + String.join(", ", all.keySet()) + ", " + ALL);
        }
        List<Work> chosen = new ArrayList<>();
        all.forEach((name, work) -> {
            if (names.contains(ALL) || names.contains(name)) {
                chosen.addAll(work);
            }
        });
        return chosen;
    }

    /// The largest peak of memory among the work, in bytes.
    public long memory(List<Work> work, DType dtype) {
        return work.stream().mapToLong(w -> w.cost(dtype).peakBytes()).max().orElse(0);
    }

    /// Does the work, one after the other.
    ///
    /// @param threads that `b` computes with
    /// @param sink receives each measurement as soon as it is there
    public void run(Backend b, int threads, List<Work> work, Consumer<Measurement> sink) {
        double peak = b.memory().isEmpty() ? FmaPeak.gflops(b.dtype(), threads) : ProductPeak.gflops(b);
        for (Work w : work) {
            Cost cost = w.cost(b.dtype());
            Stopwatch.Times t;
            try (Arena _ = b.arena()) {
                Runnable once = w.on(b);
                t = new Stopwatch(runs, w.step() ? STEP_WARM_UP : KERNEL_WARM_UP).of(() -> {
                    try (Arena _ = b.arena()) {
                        once.run();
                    }
                    b.synchronize();
                });
            }
            double gflops = cost.flops() / t.median() * 1e-9;
            sink.accept(new Measurement(
                    w.what(),
                    name,
                    samples,
                    threads,
                    new Measurement.Device(b.name(), b.productPrecision()),
                    b.dtype(),
                    w.sizes(),
                    t.warmUp(),
                    runs,
                    t.median(),
                    t.least(),
                    gflops,
                    gflops / peak,
                    cost.traffic() / t.median() * 1e-9,
                    t.allocated()));
        }
    }
}

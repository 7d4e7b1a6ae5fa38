package deepflow.report;

import deepflow.cost.Cost;
import deepflow.cost.Purpose;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.oracle.RecordedStep;
import deepflow.oracle.StepMemory;
import deepflow.sample.EvaluationCost;
import deepflow.tensor.DType;
import deepflow.train.Objective;
import deepflow.train.TrainingCost;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JsonGenerator;

/// How much memory and how many operations one step of a model takes: when it is trained, evaluated, and checked with
/// all its outputs and gradients.
///
/// @param samples in the batch
/// @param dtype the type it computes in
/// @param costs by what is done: `train`, `forward`, `check`
public record MemoryReport(int samples, DType dtype, Map<String, Cost> costs) {
    private static final double MIB = 1 << 20;

    /// Counts; no memory is taken.
    ///
    /// @throws ArithmeticException if a tensor would have more elements than can be counted
    public static MemoryReport of(ModelConfig c, int samples, DType dtype) {
        DeepFlow model = new DeepFlow(c);
        Map<String, Cost> costs = new LinkedHashMap<>();
        costs.put("train", TrainingCost.of(model, Objective.published(c.k()), samples, 1, dtype));
        costs.put("forward", EvaluationCost.of(model, samples, dtype));
        costs.put("check", StepMemory.of(c, samples, dtype, RecordedStep.Keep.OUTPUTS_AND_GRADIENTS));
        return new MemoryReport(samples, dtype, costs);
    }

    /// A table: what memory is for when most of it is in use, in MiB, and what is computed.
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "batch %d, %s: %-12s MiB",
                samples,
                dtype.name().toLowerCase(Locale.ROOT),
                "peak of memory,"));
        lines.add(line("", c -> "", costs.keySet().stream().toList()));
        for (Purpose purpose : Purpose.values()) {
            lines.add(line(purpose.toString(), c -> mib(c.peak().getOrDefault(purpose, 0L)), List.of()));
        }
        lines.add(line("together", c -> mib(c.peakBytes()), List.of()));
        lines.add(line("GFLOP in products", c -> String.format(Locale.ROOT, "%,.2f", c.flops() / 1e9), List.of()));
        return lines;
    }

    /// Peak memory in GiB, one number for each cost.
    public List<String> gib() {
        return costs.values().stream()
                .map(c -> String.format(Locale.ROOT, "%.2f", c.peakBytes() / (MIB * 1024)))
                .toList();
    }

    private String line(String name, Function<Cost, String> cell, List<String> heads) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "  %-18s", name));
        int i = 0;
        for (Cost c : costs.values()) {
            line.append(String.format(Locale.ROOT, " %12s", heads.isEmpty() ? cell.apply(c) : heads.get(i++)));
        }
        return line.toString().stripTrailing();
    }

    private static String mib(long bytes) {
        return String.format(Locale.ROOT, "%,.1f", bytes / MIB);
    }

    /// Properties `batch`, `compute` and `memory`: of each cost the bytes by purpose, their sum `peak`, and `flops`.
    public void write(JsonGenerator json) {
        json.writeNumberProperty("batch", samples);
        json.writeStringProperty("compute", dtype.name().toLowerCase(Locale.ROOT));
        json.writeObjectPropertyStart("memory");
        costs.forEach((name, cost) -> {
            json.writeObjectPropertyStart(name);
            for (Purpose purpose : Purpose.values()) {
                json.writeNumberProperty(purpose.toString(), cost.peak().getOrDefault(purpose, 0L));
            }
            json.writeNumberProperty("peak", cost.peakBytes());
            json.writeNumberProperty("flops", cost.flops());
            json.writeEndObject();
        });
        json.writeEndObject();
    }
}

package deepflow.report;

import deepflow.bench.Measurement;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JsonGenerator;

/// Measured times as lines.
public final class BenchReport {
    private static final String FORMAT = "%-20s %-38s %11s %11s %9s %7s %8s";

    private BenchReport() {}

    /// The table's first line.
    public static String head() {
        return String.format(Locale.ROOT, FORMAT, "what", "", "median ms", "min ms", "GFLOP/s", "of peak", "GB/s");
    }

    /// A line of the table.
    public static String line(Measurement m) {
        boolean products = m.gflops() > 0;
        return String.format(
                Locale.ROOT,
                FORMAT,
                m.what(),
                m.sizes().isEmpty() ? "batch " + m.samples() + ", " + m.warmUp() + " warm-up" : sizes(m.sizes()),
                String.format(Locale.ROOT, "%.3f", 1e3 * m.medianSeconds()),
                String.format(Locale.ROOT, "%.3f", 1e3 * m.leastSeconds()),
                products ? String.format(Locale.ROOT, "%.1f", m.gflops()) : "",
                products ? String.format(Locale.ROOT, "%.0f %%", 100 * m.shareOfPeak()) : "",
                String.format(Locale.ROOT, "%.1f", m.gigabytes()));
    }

    private static String sizes(Map<String, Integer> sizes) {
        if (sizes.containsKey("m")) {
            int batches = sizes.getOrDefault("batches", 1);
            int calls = sizes.getOrDefault("calls", 0);
            return (batches == 1 ? "" : batches + " of ")
                    + sizes.get("m") + "×" + sizes.get("n") + "×" + sizes.get("k")
                    + (sizes.getOrDefault("transpose_a", 0) == 1 ? " Aᵀ" : "")
                    + (sizes.getOrDefault("transpose_b", 0) == 1 ? " Bᵀ" : "")
                    + (calls == 0 ? "" : ", " + calls + " a step");
        }
        return sizes.entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue())
                .collect(Collectors.joining(", "));
    }

    /// One JSON object: the peer's keys, then ours.
    public static String json(Measurement m) {
        return Json.text(json -> {
            json.writeStartObject();
            json.writeStringProperty("what", m.what());
            json.writeStringProperty("config", m.config());
            json.writeNumberProperty("batch", m.samples());
            json.writeNumberProperty("threads", m.threads());
            json.writeBooleanProperty("compiled", false);
            milliseconds(json, "median_ms", m.medianSeconds());
            milliseconds(json, "min_ms", m.leastSeconds());
            json.writeStringProperty("compute", m.compute().name().toLowerCase(Locale.ROOT));
            json.writeNumberProperty("steps", m.runs());
            json.writeNumberProperty("warmup", m.warmUp());
            rounded(json, "gflops", m.gflops(), 1e3);
            rounded(json, "share_of_peak", m.shareOfPeak(), 1e6);
            rounded(json, "gb_per_s", m.gigabytes(), 1e3);
            rounded(json, "allocated_mb", m.allocated() * 1e-6, 1e3);
            json.writeStringProperty("device", m.device().name());
            json.writeStringProperty("matmul_precision", m.device().products().toString());
            if (m.sizes().isEmpty()) {
                rounded(json, "images_per_s", m.throughput(), 1e3);
            }
            m.sizes().forEach(json::writeNumberProperty);
            json.writeEndObject();
        });
    }

    private static void milliseconds(JsonGenerator json, String name, double seconds) {
        rounded(json, name, 1e3 * seconds, 1e3);
    }

    private static void rounded(JsonGenerator json, String name, double value, double unit) {
        json.writeNumberProperty(name, Math.round(value * unit) / unit);
    }
}

package deepflow.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Metrics as a table or JSON.
public final class EvaluationReport {
    private EvaluationReport() {}

    /// A line for each metric.
    ///
    /// @param values by name
    public static List<String> lines(Map<String, Double> values) {
        return values.entrySet().stream()
                .map(e -> String.format(Locale.ROOT, "%-26s %.6g", e.getKey(), e.getValue()))
                .toList();
    }

    /// One object; a name's blanks are underscores.
    ///
    /// @param values by name
    public static String json(Map<String, Double> values) {
        return Json.text(json -> {
            json.writeStartObject();
            values.forEach((name, value) -> Json.number(json, name.replace(' ', '_'), value));
            json.writeEndObject();
        });
    }
}

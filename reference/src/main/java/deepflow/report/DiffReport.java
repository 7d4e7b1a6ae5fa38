package deepflow.report;

import deepflow.io.Text;
import deepflow.oracle.Diff;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Results of `diff`, for people and for machines.
public final class DiffReport {
    private DiffReport() {}

    /// `{"equal", "compared", "metadata":[key], "tensors":[{"name", "difference", "relative_error", "max_error",
    /// "count"}]}`.
    public static String json(Diff diff) {
        return Json.text(json -> {
            json.writeStartObject();
            json.writeBooleanProperty("equal", diff.empty());
            json.writeNumberProperty("compared", diff.compared());
            json.writeName("metadata").writeStartArray();
            diff.metadata().forEach(json::writeString);
            json.writeEndArray();
            json.writeName("tensors").writeStartArray();
            for (Diff.Entry e : diff.entries()) {
                json.writeStartObject();
                json.writeStringProperty("name", e.name());
                json.writeStringProperty("difference", label(e.kind()));
                Json.number(json, "relative_error", e.relative());
                Json.number(json, "max_error", e.largest());
                json.writeNumberProperty("count", e.count());
                json.writeEndObject();
            }
            json.writeEndArray().writeEndObject();
        });
    }

    /// One line for each tensor or metadata key that differs; none where the files are equal.
    public static List<String> lines(Diff diff) {
        List<String> lines = new ArrayList<>();
        diff.metadata().forEach(key -> lines.add("metadata " + Text.printable(key) + ": differs"));
        for (Diff.Entry e : diff.entries()) {
            lines.add(Text.printable(e.name()) + ": " + difference(e));
        }
        return lines;
    }

    private static String difference(Diff.Entry e) {
        return switch (e.kind()) {
            case ONLY_A -> "only in the first file, " + e.detail();
            case ONLY_B -> "only in the second file, " + e.detail();
            case SHAPE -> "shapes " + e.detail();
            case TYPE -> "types " + e.detail();
            case VALUES ->
                String.format(
                        Locale.ROOT, "relative %.1e, largest %.1e, %d elements", e.relative(), e.largest(), e.count());
        };
    }

    private static String label(Diff.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}

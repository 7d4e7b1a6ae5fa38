package deepflow.report;

import deepflow.experiment.LayerDistances;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Distances between layers as a table, a block a row and a time a column, or as JSON.
public final class LayersReport {
    private LayersReport() {}

    /// The table's lines.
    ///
    /// @param lines one for each time, all of one model
    public static List<String> lines(List<LayerDistances.Line> lines) {
        List<String> table = new ArrayList<>();
        StringBuilder head = new StringBuilder("block");
        lines.forEach(line -> head.append(String.format(Locale.ROOT, "%10s", "t = " + line.t())));
        table.add(head.toString());
        for (int block : lines.getFirst().byBlock().keySet()) {
            StringBuilder row = new StringBuilder(String.format(Locale.ROOT, "%5d", block));
            lines.forEach(line -> row.append(
                    String.format(Locale.ROOT, "%10.4f", line.byBlock().get(block))));
            table.add(row.toString());
        }
        return table;
    }

    /// A list of objects with `t` and `distances`, the first block's first.
    public static String json(List<LayerDistances.Line> lines) {
        return Json.text(json -> {
            json.writeStartArray();
            for (LayerDistances.Line line : lines) {
                json.writeStartObject();
                Json.number(json, "t", line.t());
                json.writeArrayPropertyStart("distances");
                for (double distance : line.byBlock().values()) {
                    if (Double.isFinite(distance)) {
                        json.writeNumber(distance);
                    } else {
                        json.writeNull();
                    }
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }
}

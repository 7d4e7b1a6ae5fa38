package deepflow.report;

import deepflow.oracle.Family;
import deepflow.oracle.Finding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Errors over budget along the graph: one table for each kind of stage, a column for every stage (block 0, 1, …), a
/// row
/// for every operation in it, forward, backward and of its parameters.
final class HeatMap {
    /// More rows or columns than this no model has; a hostile dump might.
    private static final int MOST = 200;

    private static final Pattern NUMBERED = Pattern.compile("([a-z_]+\\.[0-9]+)(?:(#[0-9]+)|\\.(.*))?");
    private static final Pattern NAMED = Pattern.compile("([a-z_]+)(?:(#[0-9]+)|\\.(.*))?");
    private static final String WHOLE = "(result)";

    /// What the values of a table's part are.
    private enum Part {
        FORWARD("forward"),
        BACKWARD("backward: gradients of outputs"),
        PARAMETERS("gradients of parameters, the worst of each operation");

        private final String title;

        Part(String title) {
            this.title = title;
        }
    }

    /// @param index of the finding in the page's list
    private record Cell(int index, String name, Severity severity) {}

    /// Cells by row and column, both in the order in which they were met.
    private static final class Table {
        private final Map<String, Integer> columns = new LinkedHashMap<>();
        private final Map<Part, Map<String, Map<String, Cell>>> rows = new TreeMap<>();

        void add(Part part, String row, String column, Cell cell) {
            Map<String, Map<String, Cell>> all = rows.computeIfAbsent(part, p -> new LinkedHashMap<>());
            if (columns.size() >= MOST && !columns.containsKey(column) || all.size() >= MOST && !all.containsKey(row)) {
                return;
            }
            columns.putIfAbsent(column, columns.size());
            all.computeIfAbsent(row, r -> new LinkedHashMap<>())
                    .merge(column, cell, (a, b) -> worse(b.severity, a.severity) ? b : a);
        }

        private static boolean worse(Severity a, Severity b) {
            return a.wrong() != b.wrong() ? a.wrong() : a.ratio() > b.ratio();
        }
    }

    private final Map<String, Table> tables = new LinkedHashMap<>();

    HeatMap() {
        // in the order of the graph, whatever comes first in a dump
        for (String kind : List.of(
                "Embedders", "Blocks", "VeRA blocks", "Velocity and acceleration layers", "Projectors", "Results")) {
            tables.put(kind, new Table());
        }
    }

    /// Puts a finding where it belongs; what belongs nowhere is in the list alone.
    ///
    /// @param index of the finding in the page's list
    void add(int index, Finding f, Severity severity) {
        Family family = Family.byName(f.name()).orElse(null);
        if (family == null) {
            return;
        }
        String rest = f.name().substring(family.prefix().length());
        Cell cell = new Cell(index, f.name(), severity);
        switch (family) {
            case ACT -> place(Part.FORWARD, rest, cell);
            case GRADACT -> place(Part.BACKWARD, rest, cell);
            case GRAD -> place(Part.PARAMETERS, rest.replaceFirst("\\.[a-z_]+$", ""), cell);
            case OUT -> result(rest.replaceFirst("\\..*", ""), rest.replaceFirst("^[^.]*\\.?", ""), cell);
            case LOSS -> result(family.prefix() + rest, "0", cell);
            default -> {}
        }
    }

    private void result(String row, String column, Cell cell) {
        table("Results").add(Part.FORWARD, row, column, cell);
    }

    private void place(Part part, String path, Cell cell) {
        Matcher m = NUMBERED.matcher(path);
        if (!m.matches() || !kind(m.group(1)).equals(kind(path))) {
            m = NAMED.matcher(path);
        }
        String kind = kind(path);
        if (!m.matches() || kind.isEmpty()) {
            return;
        }
        String stage = m.group(1);
        String operation = m.group(3) != null ? m.group(3) : m.group(2) != null ? WHOLE + m.group(2) : WHOLE;
        table(kind).add(part, operation, stage.replaceFirst("^(df_)?blocks\\.", ""), cell);
    }

    private Table table(String kind) {
        return tables.computeIfAbsent(kind, k -> new Table());
    }

    private static String kind(String path) {
        if (path.matches("[a-z]+_embedder([.#].*)?")) {
            return "Embedders";
        }
        if (path.matches("blocks\\.[0-9]+([.#].*)?")) {
            return "Blocks";
        }
        if (path.matches("df_blocks\\.[0-9]+([.#].*)?")) {
            return "VeRA blocks";
        }
        if (path.matches("final_(acc_)?layer([.#].*)?")) {
            return "Velocity and acceleration layers";
        }
        return path.startsWith("projectors.") ? "Projectors" : "";
    }

    /// The tables.
    String html() {
        StringBuilder html = new StringBuilder();
        tables.forEach((kind, table) -> {
            if (!table.columns.isEmpty()) {
                table(html, kind, table);
            }
        });
        return html.toString();
    }

    private static void table(StringBuilder html, String kind, Table table) {
        List<String> columns = new ArrayList<>(table.columns.keySet());
        html.append("<div class=scroll tabindex=0 role=region aria-label=\"").append(kind);
        html.append("\"><table class=map><caption>").append(kind).append("</caption>\n<thead><tr><td></td>");
        columns.forEach(c -> html.append("<th scope=col>")
                .append(Html.escape(Html.cut(c, 24)))
                .append("</th>"));
        html.append("</tr></thead>\n");
        table.rows.forEach((part, rows) -> {
            html.append("<tbody><tr><th colspan=").append(columns.size() + 1);
            html.append(" scope=rowgroup class=part>").append(part.title).append("</th></tr>\n");
            rows.forEach((row, cells) -> {
                html.append("<tr><th scope=row>")
                        .append(Html.escape(Html.cut(row, 40)))
                        .append("</th>");
                for (String column : columns) {
                    cell(html, cells.get(column));
                }
                html.append("</tr>\n");
            });
            html.append("</tbody>\n");
        });
        html.append("</table></div>\n");
    }

    private static void cell(StringBuilder html, @Nullable Cell cell) {
        if (cell == null) {
            html.append("<td></td>");
            return;
        }
        String name = Html.escape(Html.cut(cell.name, CheckPage.LONGEST_NAME));
        String shown = cell.severity.brief();
        html.append("<td class=").append(cell.severity.shade());
        html.append("><a href=\"#t").append(cell.index).append("\" title=\"").append(name);
        html.append("\">").append(shown.isEmpty() ? "–" : shown).append("</a></td>");
    }
}

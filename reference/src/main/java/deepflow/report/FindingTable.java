package deepflow.report;

import deepflow.oracle.Family;
import deepflow.oracle.Finding;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The findings as a table, a row for each, under a form that filters them; the page's script does the filtering. Row
/// i has the id `t` + i.
///
/// @param listed the rows
/// @param left findings that have none
/// @param threshold for findings without a budget
/// @param unit what errors are measured in: `budget` or `threshold`
record FindingTable(List<Finding> listed, int left, double threshold, String unit) {
    String html() {
        return filters() + list();
    }

    private String filters() {
        Map<String, String> statuses = new LinkedHashMap<>();
        statuses.put("", "all");
        statuses.put("wrong", "wrong (counts against the dump)");
        statuses.put("undecided", "undecided");
        statuses.put("listed", "missing or unexpected, does not count");
        statuses.put("ok", "right");
        Map<String, String> families = new LinkedHashMap<>();
        families.put("", "all");
        new TreeSet<>(listed.stream().map(FindingTable::family).toList()).forEach(f -> families.put(f, f));
        return "<form id=filters hidden>\n<label>status " + select("filter", statuses) + "</label>\n<label>family "
                + select("family", families)
                + "</label>\n<label>name contains <input name=q type=search autocomplete=off></label>\n</form>\n"
                + "<p class=soft id=shown aria-live=polite>" + listed.size() + " shown</p>\n";
    }

    private static String select(String name, Map<String, String> options) {
        return options.entrySet().stream()
                .map(e ->
                        "<option value=\"" + Html.escape(e.getKey()) + "\">" + Html.escape(e.getValue()) + "</option>")
                .collect(Collectors.joining("", "<select name=" + name + ">", "</select>"));
    }

    private static String family(Finding f) {
        return Family.byName(f.name())
                .map(family -> family.prefix().substring(0, family.prefix().length() - 1))
                .orElse("other");
    }

    private String group(Finding f) {
        if (f.counts()) {
            return "wrong";
        }
        return Severity.of(f, threshold).undecided() ? "undecided" : f.status() == Finding.Status.OK ? "ok" : "listed";
    }

    private String list() {
        StringBuilder html = new StringBuilder("<div class=scroll tabindex=0 role=region aria-label=\"tensors\">"
                + "<table class=list id=list><thead><tr><th scope=col>tensor</th><th scope=col>status</th>"
                + "<th scope=col class=number>over " + unit + "</th><th scope=col class=number>relative error</th>"
                + "<th scope=col class=number>largest error</th><th scope=col>at</th></tr></thead>\n<tbody>\n");
        for (int i = 0; i < listed.size(); i++) {
            Finding f = listed.get(i);
            String group = group(f);
            html.append("<tr id=t")
                    .append(i)
                    .append(" data-s=")
                    .append(group)
                    .append(" data-f=")
                    .append(family(f));
            html.append(f.counts() ? " class=wrong" : "")
                    .append("><td><a class=name href=\"#t")
                    .append(i);
            html.append("\">")
                    .append(Html.escape(Html.cut(f.name(), CheckPage.LONGEST_NAME)))
                    .append("</a></td><td>");
            html.append(f.counts() ? "✗ " : "").append(f.status().label());
            html.append(group.equals("undecided") ? ", undecided" : "").append("</td>");
            number(html, Severity.of(f, threshold).ratio());
            number(html, f.relativeError());
            number(html, f.maxError());
            html.append("<td>").append(Html.escape(Html.cut(f.where(), 200))).append("</td></tr>\n");
        }
        html.append("</tbody></table></div>\n");
        return left == 0
                ? html.toString()
                : html + "<p>" + left + " more are not in this page; <code>--json</code> has all.</p>\n";
    }

    private static void number(StringBuilder html, double value) {
        html.append("<td class=number>");
        if (Double.isFinite(value)) {
            html.append(value == 0 ? "0" : String.format(Locale.ROOT, "%.1e", value));
        }
        html.append("</td>");
    }
}

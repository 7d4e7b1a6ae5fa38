package deepflow.report;

import deepflow.oracle.CheckResult;
import deepflow.oracle.Finding;
import deepflow.oracle.TensorVerdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/// Results of `check`, for people and for machines.
public final class CheckReport {
    private static final int NAME_WIDTH = 44;
    private static final int MOST_ROWS = 12;

    private CheckReport() {}

    /// `{"dumps":[{"dump", "verdict", "first", "tensors":[{"name", "status", "relative_error", "max_error",
    /// "local_ratio", "global_ratio", "budget", "power", "condition", …}], "suspects", "looks_like"}]}`, tensors in
    /// graph order; ratios are error over budget, and null where nothing was judged against budgets.
    public static String json(List<CheckResult> results) {
        return Json.text(json -> {
            json.writeStartObject().writeName("dumps").writeStartArray();
            results.forEach(result -> write(json, result));
            json.writeEndArray().writeEndObject();
        });
    }

    private static void write(JsonGenerator json, CheckResult result) {
        json.writeStartObject();
        json.writeStringProperty("dump", result.dump());
        json.writeStringProperty("verdict", verdict(result));
        json.writeName("first");
        Optional<Finding> first = result.first();
        if (first.isPresent()) {
            json.writeString(first.get().name());
        } else {
            json.writeNull();
        }
        json.writeStringProperty("precision", result.metadata().precision().label());
        json.writeNumberProperty("threshold", result.threshold());
        json.writeName("not_judged").writeStartArray();
        result.absent().forEach(json::writeString);
        json.writeEndArray();
        json.writeName("suspects").writeStartArray();
        result.suspects().forEach(json::writeString);
        json.writeEndArray();
        json.writeName("looks_like").writeStartArray().writeEndArray();
        json.writeName("tensors").writeStartArray();
        for (Finding f : result.findings()) {
            json.writeStartObject();
            json.writeStringProperty("name", f.name());
            json.writeStringProperty("status", f.status().label());
            Json.number(json, "relative_error", f.relativeError());
            Json.number(json, "max_error", f.maxError());
            json.writeStringProperty("where", f.where());
            budgets(json, f.verdict());
            json.writeEndObject();
        }
        json.writeEndArray().writeEndObject();
    }

    private static void budgets(JsonGenerator json, @Nullable TensorVerdict v) {
        Json.number(json, "local_ratio", v == null ? Double.NaN : v.localRatio());
        Json.number(json, "global_ratio", v == null ? Double.NaN : v.globalRatio());
        Json.number(json, "local_bound", v == null ? Double.NaN : v.localBound());
        Json.number(json, "local_sigma", v == null ? Double.NaN : v.localSigma());
        Json.number(json, "global_sigma", v == null ? Double.NaN : v.globalSigma());
        Json.number(json, "budget", v == null ? Double.NaN : v.budget());
        Json.number(json, "power", v == null ? Double.NaN : v.power());
        Json.number(json, "condition", v == null ? Double.NaN : v.condition());
        json.writeBooleanProperty("undecided", v != null && v.undecided());
    }

    private static String verdict(CheckResult result) {
        return result.consistent() ? "consistent" : "inconsistent";
    }

    /// Lines of at most 80 columns: the verdict, what is wrong in graph order, and what was not judged.
    ///
    /// @param all whether every tensor is listed, not only those that are wrong
    public static List<String> lines(CheckResult result, boolean all) {
        List<String> lines = new ArrayList<>();
        List<Finding> findings = result.findings();
        long ok = findings.stream().filter(f -> f.status() == Finding.Status.OK).count();
        long wrong = findings.stream().filter(Finding::counts).count();
        lines.add(result.dump());
        lines.add("  %s: %s, %d tensors within %s, %d not, worst error %s"
                .formatted(
                        result.consistent() ? "consistent" : "INCONSISTENT",
                        result.metadata().precision().label(),
                        ok,
                        brief(result.threshold()),
                        wrong,
                        brief(worst(findings))));
        result.first().ifPresent(first -> lines.add("  first wrong: " + first.name()));
        if (!result.suspects().isEmpty()) {
            lines.add("  suspects: " + String.join(", ", result.suspects()));
        }
        long undecided = findings.stream()
                .filter(f -> f.verdict() != null && f.verdict().undecided())
                .count();
        if (undecided > 0) {
            lines.add("  undecided: " + undecided + " tensors, whose budget is wider than their signal");
        }
        List<Finding> shown = findings.stream()
                .filter(f -> all || f.status() != Finding.Status.OK)
                .toList();
        if (!shown.isEmpty()) {
            lines.add("  %-44s %-10s %8s %8s".formatted("tensor", "status", "relative", "largest"));
        }
        shown.stream().limit(all ? Long.MAX_VALUE : MOST_ROWS).forEach(f -> lines.add(row(f)));
        if (!all && shown.size() > MOST_ROWS) {
            lines.add("  … and " + (shown.size() - MOST_ROWS) + " more (--all lists every tensor)");
        }
        if (!result.absent().isEmpty()) {
            lines.add("  not in the dump, not judged: " + String.join(", ", result.absent()));
        }
        return lines;
    }

    private static double worst(List<Finding> findings) {
        return findings.stream()
                .mapToDouble(Finding::relativeError)
                .filter(e -> !Double.isNaN(e))
                .max()
                .orElse(0);
    }

    private static String row(Finding f) {
        String numbers = Double.isNaN(f.relativeError()) && Double.isNaN(f.maxError())
                ? " " + f.where()
                : " %8s %8s".formatted(brief(f.relativeError()), brief(f.maxError()))
                        + (f.status() == Finding.Status.OK ? "" : " at " + f.where());
        return "  %-44s %-10s".formatted(shortened(f.name()), f.status().label()) + numbers;
    }

    /// The end of a long name says more than its beginning.
    private static String shortened(String name) {
        String printable = name.replaceAll("\\p{Cntrl}", "?");
        return printable.length() <= NAME_WIDTH
                ? printable
                : "…" + printable.substring(printable.length() - NAME_WIDTH + 1);
    }

    private static String brief(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.1e", value);
    }
}

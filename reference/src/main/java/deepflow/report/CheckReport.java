package deepflow.report;

import deepflow.io.Text;
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
    private static final int WIDTH = 80;
    private static final int NAME_WIDTH = 36;
    private static final String ROW = "  %-36s %-10s %8s %8s %s";
    private static final int MOST_ROWS = 12;
    /// Where [deepflow.oracle.TensorVerdict#alongBug] is true.
    static final String ALONG_BUG = "no limit is broken, but the errors lie along what a known bug changes";

    private CheckReport() {}

    /// `{"dumps":[{"dump", "verdict", "first", "precision", "threshold", "runs", "emulated_passes",
    /// "budgets_not_judged":reason or null, "not_judged":[family], "suspects":[name],
    /// "looks_like":[{"bug", "says", "look", "coefficient", "standard_error", "explained":[name]}],
    /// "wrong_gradients":null|{"terms":[{"name", "factor", "standard_error"}], "parameters":[name],
    /// "of"}, "tensors":[{"name", "status", "relative_error", "max_error", "where",
    /// "counts", "local_ratio", "global_ratio", "budget", "power", "condition", …}]}]}`, tensors in graph order;
    /// ratios are error over budget, null where nothing was judged against budgets.
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
        json.writeNumberProperty("runs", result.runs());
        json.writeNumberProperty("emulated_passes", result.emulatedPasses());
        json.writeName("budgets_not_judged");
        if (result.unbudgeted().isEmpty()) {
            json.writeNull();
        } else {
            json.writeString(result.unbudgeted());
        }
        json.writeName("not_judged").writeStartArray();
        result.absent().forEach(json::writeString);
        json.writeEndArray();
        json.writeName("suspects").writeStartArray();
        result.suspects().forEach(json::writeString);
        json.writeEndArray();
        DiagnosisReport.write(json, result.diagnosis());
        json.writeName("tensors").writeStartArray();
        for (Finding f : result.findings()) {
            json.writeStartObject();
            json.writeStringProperty("name", f.name());
            if (result.foreign().containsKey(f.name())) {
                json.writeName("in_file").writeStartArray();
                result.foreign().get(f.name()).forEach(json::writeString);
                json.writeEndArray();
            }
            json.writeStringProperty("status", f.status().label());
            Json.number(json, "relative_error", f.relativeError());
            Json.number(json, "max_error", f.maxError());
            json.writeStringProperty("where", f.where());
            json.writeBooleanProperty("counts", f.counts());
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
        json.writeBooleanProperty("along_bug", v != null && v.alongBug());
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
        lines.add(Text.printable(result.dump()));
        lines.add(String.format(
                Locale.ROOT,
                "  %s: %s, %d right, %d wrong, worst error %s (threshold %s)",
                result.consistent() ? "consistent" : "INCONSISTENT",
                result.metadata().precision().label(),
                ok,
                wrong,
                brief(worst(findings)),
                brief(result.threshold())));
        result.first().ifPresent(first -> {
            lines.add("  first wrong: " + shortened(first.name(), WIDTH - 15));
            called(lines, result, first.name());
        });
        result.suspects().forEach(name -> {
            lines.add("  suspect: " + shortened(name, WIDTH - 11));
            called(lines, result, name);
        });
        if (findings.stream().anyMatch(f -> f.verdict() != null && f.verdict().alongBug())) {
            lines.addAll(wrapped("  " + ALONG_BUG));
        }
        lines.addAll(DiagnosisReport.lines(result.diagnosis()));
        long undecided = findings.stream()
                .filter(f -> f.verdict() != null && f.verdict().undecided())
                .count();
        if (undecided > 0) {
            lines.add("  undecided: " + undecided + " tensors, whose budgets are wider than their signals");
        }
        lines.addAll(budgets(result));
        List<Finding> shown = findings.stream()
                .filter(f -> all || f.status() != Finding.Status.OK)
                .toList();
        if (!shown.isEmpty()) {
            lines.add(String.format(Locale.ROOT, ROW, "tensor", "status", "relative", "largest", "at"));
        }
        shown.stream().limit(all ? Long.MAX_VALUE : MOST_ROWS).forEach(f -> addRow(lines, f));
        if (!all && shown.size() > MOST_ROWS) {
            lines.add("  … and " + (shown.size() - MOST_ROWS) + " more (--all lists every tensor)");
        }
        if (!result.absent().isEmpty()) {
            lines.add("  not in the dump, not judged: " + String.join(", ", result.absent()));
        }
        return lines;
    }

    /// A sentence on as many lines as it needs.
    private static List<String> wrapped(String text) {
        List<String> lines = new ArrayList<>();
        String rest = text;
        while (rest.length() > WIDTH) {
            int cut = rest.lastIndexOf(' ', WIDTH);
            lines.add(rest.substring(0, cut));
            rest = "    " + rest.substring(cut + 1);
        }
        lines.add(rest);
        return lines;
    }

    /// What the file calls a tensor to which a map gave our name.
    private static void called(List<String> lines, CheckResult result, String name) {
        result.foreign()
                .getOrDefault(name, List.of())
                .forEach(inFile -> lines.add("    in the file: " + shortened(inFile, WIDTH - 17)));
    }

    private static double worst(List<Finding> findings) {
        return findings.stream()
                .mapToDouble(Finding::relativeError)
                .filter(e -> !Double.isNaN(e))
                .max()
                .orElse(0);
    }

    /// A name that is too long for its column, and details too long for theirs, get a line of their own.
    private static void addRow(List<String> lines, Finding f) {
        String name = shortened(f.name(), WIDTH - 2);
        if (name.length() > NAME_WIDTH) {
            lines.add("  " + name);
            name = "";
        }
        boolean compared = f.status() == Finding.Status.OK
                || f.status() == Finding.Status.WRONG
                || f.status() == Finding.Status.NOT_FINITE;
        if (compared) {
            String at = f.status() == Finding.Status.OK ? "" : f.where();
            addWrapped(
                    lines,
                    String.format(
                            Locale.ROOT,
                            ROW,
                            name,
                            f.status().label(),
                            brief(f.relativeError()),
                            brief(f.maxError()),
                            ""),
                    at);
        } else {
            addWrapped(
                    lines,
                    String.format(
                            Locale.ROOT, "  %-36s %-10s ", name, f.status().label()),
                    f.where());
        }
    }

    private static void addWrapped(List<String> lines, String row, String detail) {
        if (row.length() + detail.length() <= WIDTH) {
            lines.add((row + detail).stripTrailing());
        } else {
            lines.add(row.stripTrailing());
            lines.add("    " + shortened(detail, WIDTH - 4));
        }
    }

    /// The end of a long name says more than its beginning.
    private static String shortened(String name, int longest) {
        String printable = Text.printable(name);
        return printable.length() <= longest ? printable : "…" + printable.substring(printable.length() - longest + 1);
    }

    private static String brief(double value) {
        return value == 0 ? "0" : !Double.isFinite(value) ? "-" : String.format(Locale.ROOT, "%.1e", value);
    }

    private static List<String> budgets(CheckResult result) {
        if (!result.unbudgeted().isEmpty()) {
            return wrapped("  budgets not judged: " + result.unbudgeted());
        }
        return List.of(
                result.runs() == 0
                        ? "  budgets: bounds of the optimizer's results, which need no emulated pass"
                        : "  budgets: from " + result.emulatedPasses() + " emulated passes (" + result.runs()
                                + " of the step, " + result.runs() + " of its operations)");
    }
}

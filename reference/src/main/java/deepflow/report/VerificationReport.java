package deepflow.report;

import deepflow.oracle.verification.EquationReport;
import deepflow.oracle.verification.Evidence;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Results of `verify`, for people and for machines.
public final class VerificationReport {
    /// Columns of the name; a line has 79 with the others.
    public static final int NAME_WIDTH = 43;

    private static final String ROW = "%-5s %-8s %-" + NAME_WIDTH + "s %8s %8s %s";

    private VerificationReport() {}

    /// `{"verdict":"ok"|"failed","checks":[{"equation","kind","name","error","bound","ok"}]}`: a check for every number
    /// of its equation; null for what has no number.
    public static String json(List<EquationReport> reports) {
        return Json.text(json -> {
            json.writeStartObject();
            boolean ok = reports.stream().allMatch(EquationReport::passed);
            json.writeStringProperty("verdict", ok ? "ok" : "failed");
            json.writeName("checks").writeStartArray();
            for (EquationReport report : reports) {
                for (Evidence e : report.byNumber()) {
                    json.writeStartObject();
                    json.writeName("equation");
                    if (e.equation() > 0) {
                        json.writeNumber(e.equation());
                    } else {
                        json.writeNull();
                    }
                    json.writeStringProperty("kind", label(e.kind()));
                    json.writeStringProperty("name", e.name());
                    Json.number(json, "error", e.error());
                    Json.number(json, "bound", e.bound());
                    json.writeBooleanProperty("ok", e.passed());
                    json.writeEndObject();
                }
            }
            json.writeEndArray().writeEndObject();
        });
    }

    /// A table in ASCII, at most 80 columns wide, and a line that sums up.
    ///
    /// @param backend name of the back end
    public static List<String> lines(List<EquationReport> reports, String backend) {
        List<String> lines = new ArrayList<>();
        lines.add(row("Eq.", "check", "what", "error", "bound", "ok"));
        int all = 0;
        int failed = 0;
        for (EquationReport report : reports) {
            for (Evidence e : report.evidence()) {
                lines.add(row(
                        number(report),
                        label(e.kind()),
                        e.name(),
                        error(e.error()),
                        error(e.bound()),
                        e.passed() ? "ok" : "NO"));
                all++;
                failed += e.passed() ? 0 : 1;
            }
        }
        lines.add("");
        lines.add(
                failed == 0
                        ? "All " + all + " checks passed on " + backend + "."
                        : failed + " of " + all + " checks failed on " + backend + ".");
        return lines;
    }

    private static String row(String number, String kind, String name, String error, String bound, String ok) {
        return String.format(Locale.ROOT, ROW, number, kind, name, error, bound, ok);
    }

    private static String number(EquationReport report) {
        return report.numbers().isEmpty()
                ? "SSL"
                : report.numbers().stream().map(String::valueOf).collect(Collectors.joining("-"));
    }

    private static String label(Evidence.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static String error(double error) {
        return error == 0 ? "0" : String.format(Locale.ROOT, "%.1e", error);
    }
}

package deepflow.report;

import deepflow.oracle.Likeness;
import deepflow.oracle.Precision;
import deepflow.oracle.survey.Survey;
import deepflow.oracle.survey.Trial;
import deepflow.oracle.zoo.Bug;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/// The bug zoo: its catalogue, and what became of each bug.
public final class ZooReport {
    private static final String ROW = "%-34s";
    private static final String CELL = " %-11s";

    private ZooReport() {}

    /// The catalogue: a name, then what the bug is and where to look, wrapped.
    public static List<String> catalogue(List<Bug> bugs) {
        List<String> lines = new ArrayList<>();
        for (Bug bug : bugs) {
            lines.add(bug.name() + equations(bug));
            wrap(lines, bug.says() + " Look at " + bug.look() + ".");
        }
        lines.add("");
        lines.add(bugs.size() + " bugs");
        return lines;
    }

    /// The catalogue as `{"bugs":[{"bug", "area", "says", "look", "equations":[n]}]}`.
    public static String catalogueJson(List<Bug> bugs) {
        return Json.text(json -> {
            json.writeStartObject().writeName("bugs").writeStartArray();
            for (Bug bug : bugs) {
                json.writeStartObject();
                json.writeStringProperty("bug", bug.name());
                json.writeStringProperty("area", area(bug));
                json.writeStringProperty("says", bug.says());
                json.writeStringProperty("look", bug.look());
                json.writeName("equations").writeStartArray();
                bug.equations().forEach(json::writeNumber);
                json.writeEndArray().writeEndObject();
            }
            json.writeEndArray().writeEndObject();
        });
    }

    /// The matrix, a row for each bug, and what it comes to.
    public static List<String> lines(Survey.Result result) {
        List<String> lines = new ArrayList<>();
        List<Precision> precisions = result.survey().precisions();
        StringBuilder head = new StringBuilder(String.format(Locale.ROOT, ROW, "bug"));
        precisions.forEach(p -> head.append(String.format(Locale.ROOT, CELL, p.label())));
        lines.add(head.toString().stripTrailing());
        rows(result).forEach((bug, cells) -> {
            StringBuilder row = new StringBuilder(String.format(Locale.ROOT, ROW, bug.name()));
            precisions.forEach(p -> row.append(String.format(Locale.ROOT, CELL, cell(cells.get(p)))));
            lines.add(row.toString().stripTrailing());
        });
        lines.add("");
        for (Precision p : precisions) {
            wrap(lines, p.label() + ": " + summary(result, p) + ".");
        }
        for (Survey.RightStep right : result.right()) {
            if (!right.alarms().isEmpty()) {
                wrap(
                        lines,
                        "false alarm: " + right.precision().label() + ", seed " + right.seed() + ": "
                                + String.join(", ", right.alarms()));
            }
        }
        return lines;
    }

    /// `{"bugs":[{"bug", "precision", "outcome", "caught", "localised", "named", "strength",
    /// "suspects":[name], "looks_like":[{"bug", "coefficient", "standard_error"}]}],
    /// "right":[{"precision", "seed", "alarms":[name]}]}`.
    public static String json(Survey.Result result) {
        return Json.text(json -> {
            json.writeStartObject().writeName("bugs").writeStartArray();
            result.trials().forEach(trial -> write(json, trial));
            json.writeEndArray().writeName("right").writeStartArray();
            for (Survey.RightStep right : result.right()) {
                json.writeStartObject();
                json.writeStringProperty("precision", right.precision().label());
                json.writeNumberProperty("seed", right.seed());
                json.writeName("alarms").writeStartArray();
                right.alarms().forEach(json::writeString);
                json.writeEndArray().writeEndObject();
            }
            json.writeEndArray().writeEndObject();
        });
    }

    private static void write(JsonGenerator json, Trial trial) {
        json.writeStartObject();
        json.writeStringProperty("bug", trial.bug().name());
        json.writeStringProperty("precision", trial.precision().label());
        json.writeStringProperty("outcome", label(trial.outcome()));
        json.writeBooleanProperty("caught", trial.caught());
        json.writeBooleanProperty("localised", trial.localised());
        json.writeBooleanProperty("named", trial.named());
        Json.number(json, "strength", trial.strength());
        json.writeName("suspects").writeStartArray();
        trial.suspects().forEach(json::writeString);
        json.writeEndArray().writeName("looks_like").writeStartArray();
        for (Likeness one : trial.looksLike()) {
            json.writeStartObject();
            json.writeStringProperty("bug", one.bug().name());
            Json.number(json, "coefficient", one.coefficient());
            Json.number(json, "standard_error", one.standardError());
            json.writeEndObject();
        }
        json.writeEndArray().writeEndObject();
    }

    /// A page: what was done, rates, the matrix with strengths, the catalogue.
    ///
    /// @param command that makes it again
    public static String markdown(Survey.Result result, String command) {
        StringBuilder page = new StringBuilder();
        List<Precision> precisions = result.survey().precisions();
        page.append("# The bug zoo\n\nMade by `").append(command).append("`; do not edit.\n\n");
        page.append(result.survey().bugs().size())
                .append(
                        " mistakes that people make when they write DeepFlow for a GPU. Each is made in the reference's own"
                                + " evaluation, in a step that is\nrounded as the precision has it, and the dump is judged by `check`"
                                + " like any other (seed ")
                .append(result.survey().seed())
                .append(", ")
                .append(result.survey().judging().runs())
                .append(" runs). `deepflow zoo --list` prints the catalogue.\n\n");
        page.append("| | ").append(join(precisions, Precision::label)).append(" |\n|---|");
        page.append("---|".repeat(precisions.size())).append('\n');
        row(page, "bugs that change something", precisions, p -> "" + count(result, p, Trial.Outcome.BELOW_POWER));
        row(page, "caught", precisions, p -> "" + count(result, p, Trial.Outcome.CAUGHT));
        row(page, "missed, though above the stated power", precisions, p -> "" + missed(result, p));
        row(
                page,
                "below the stated power, not caught",
                precisions,
                p -> "" + only(result, p, Trial.Outcome.BELOW_POWER));
        row(
                page,
                "of the caught: first wrong operation right",
                precisions,
                p -> share(localised(result, p), caught(result, p)));
        row(
                page,
                "of the caught: named, and no other name before",
                precisions,
                p -> share(named(result, p), caught(result, p)));
        row(page, "of the caught: only wrong names", precisions, p -> "" + misnamed(result, p));
        row(page, "right steps found wrong", precisions, p -> alarms(result, p));
        page.append("\n**named**: caught, the first wrong operation is right, and the first name given is the bug's."
                + " **located**: without the name.\n**caught**: further on. In brackets the bug's effect over the power"
                + " that `check` states for the tensors it strikes; below 1 nothing\nis promised. A dash: it cannot"
                + " be made there.\n\n");
        page.append("| bug | ").append(join(precisions, Precision::label)).append(" |\n|---|");
        page.append("---|".repeat(precisions.size())).append('\n');
        rows(result).forEach((bug, cells) -> {
            page.append("| ").append(bug.name()).append(" | ");
            page.append(
                    join(precisions, p -> cells.get(p) == null ? "–" : cell(cells.get(p)) + strength(cells.get(p))));
            page.append(" |\n");
        });
        page.append("\n## Catalogue\n\n| bug | equation | what it is | where to look |\n|---|---|---|---|\n");
        for (Bug bug : result.survey().bugs()) {
            page.append("| ").append(bug.name()).append(" | ");
            page.append(bug.equations().stream().map(String::valueOf).collect(Collectors.joining(", ")));
            page.append(" | ")
                    .append(cellText(bug.says()))
                    .append(" | ")
                    .append(cellText(bug.look()))
                    .append(" |\n");
        }
        return page.toString();
    }

    private static String cellText(String text) {
        return text.replace("|", "\\|");
    }

    private interface Cell {
        String of(Precision p);
    }

    private static void row(StringBuilder page, String what, List<Precision> precisions, Cell cell) {
        page.append("| ")
                .append(what)
                .append(" | ")
                .append(join(precisions, cell))
                .append(" |\n");
    }

    private static String join(List<Precision> precisions, Cell cell) {
        return precisions.stream().map(cell::of).collect(Collectors.joining(" | "));
    }

    private static Map<Bug, Map<Precision, Trial>> rows(Survey.Result result) {
        Map<Bug, Map<Precision, Trial>> rows = new LinkedHashMap<>();
        for (Trial t : result.trials()) {
            rows.computeIfAbsent(t.bug(), bug -> new LinkedHashMap<>()).put(t.precision(), t);
        }
        return rows;
    }

    private static String summary(Survey.Result result, Precision p) {
        long caught = caught(result, p);
        return caught + " of " + count(result, p, Trial.Outcome.BELOW_POWER) + " caught, "
                + only(result, p, Trial.Outcome.BELOW_POWER) + " below power, " + missed(result, p)
                + " missed; first wrong"
                + " operation right " + share(localised(result, p), caught) + ", named "
                + share(named(result, p), caught)
                + ", false alarms " + alarms(result, p);
    }

    private static long count(Survey.Result result, Precision p, Trial.Outcome least) {
        return result.of(p).stream()
                .filter(t -> t.outcome().compareTo(least) >= 0)
                .count();
    }

    private static long only(Survey.Result result, Precision p, Trial.Outcome outcome) {
        return result.of(p).stream().filter(t -> t.outcome() == outcome).count();
    }

    private static long missed(Survey.Result result, Precision p) {
        return only(result, p, Trial.Outcome.MISSED);
    }

    private static long caught(Survey.Result result, Precision p) {
        return result.of(p).stream().filter(Trial::caught).count();
    }

    private static long localised(Survey.Result result, Precision p) {
        return result.of(p).stream().filter(Trial::localised).count();
    }

    private static long named(Survey.Result result, Precision p) {
        return result.of(p).stream().filter(Trial::named).count();
    }

    private static long misnamed(Survey.Result result, Precision p) {
        return result.of(p).stream()
                .filter(t -> !t.looksLike().isEmpty()
                        && t.wrongNames().size() == t.looksLike().size())
                .count();
    }

    private static String alarms(Survey.Result result, Precision p) {
        List<Survey.RightStep> right =
                result.right().stream().filter(r -> r.precision() == p).toList();
        long wrong = right.stream().filter(r -> !r.alarms().isEmpty()).count();
        return wrong + " of " + right.size();
    }

    private static String share(long part, long whole) {
        return part + " of " + whole;
    }

    private static String cell(@Nullable Trial trial) {
        return trial == null ? "-" : label(trial.outcome());
    }

    private static String strength(Trial trial) {
        return trial.strength() == 0 ? "" : String.format(Locale.ROOT, " (%.2g)", trial.strength());
    }

    private static String label(Trial.Outcome outcome) {
        return switch (outcome) {
            case NO_EFFECT -> "no effect";
            case BELOW_POWER -> "below power";
            case MISSED -> "MISSED";
            case CAUGHT -> "caught";
            case LOCALISED -> "located";
            case NAMED -> "named";
        };
    }

    private static String area(Bug bug) {
        return bug.area().name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String equations(Bug bug) {
        return bug.equations().isEmpty()
                ? ""
                : bug.equations().stream().map(String::valueOf).collect(Collectors.joining(", ", "  (Eq. ", ")"));
    }

    private static void wrap(List<String> lines, String text) {
        Wrapping.add(lines, "  ", text);
    }
}

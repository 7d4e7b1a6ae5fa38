package deepflow.report;

import deepflow.oracle.Diagnosis;
import deepflow.oracle.Likeness;
import deepflow.oracle.WrongGradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.core.JsonGenerator;

/// What a wrong dump looks like, for people and for machines.
final class DiagnosisReport {
    /// Modules with wrong gradients that are listed; more say no more.
    private static final int MOST_MODULES = 4;

    private static final String ONLY_GRADIENTS = "values and losses are right, only gradients are wrong";

    private DiagnosisReport() {}

    /// The properties `looks_like` and `wrong_gradients`.
    static void write(JsonGenerator json, Diagnosis diagnosis) {
        json.writeName("looks_like").writeStartArray();
        for (Likeness one : diagnosis.looksLike()) {
            json.writeStartObject();
            json.writeStringProperty("bug", one.bug().name());
            json.writeStringProperty("says", one.bug().says());
            json.writeStringProperty("look", one.bug().look());
            Json.number(json, "coefficient", one.coefficient());
            Json.number(json, "standard_error", one.standardError());
            json.writeName("explained").writeStartArray();
            one.explained().forEach(json::writeString);
            json.writeEndArray().writeEndObject();
        }
        json.writeEndArray();
        json.writeName("wrong_gradients");
        WrongGradients gradients = diagnosis.gradients();
        if (gradients == null) {
            json.writeNull();
            return;
        }
        json.writeStartObject().writeName("terms").writeStartArray();
        for (WrongGradients.Term term : gradients.terms()) {
            json.writeStartObject();
            json.writeStringProperty("name", term.name());
            Json.number(json, "factor", term.factor());
            Json.number(json, "standard_error", term.standardError());
            json.writeEndObject();
        }
        json.writeEndArray().writeName("parameters").writeStartArray();
        gradients.parameters().forEach(json::writeString);
        json.writeEndArray();
        json.writeNumberProperty("of", gradients.all()).writeEndObject();
    }

    /// Lines for a terminal, of at most 80 columns where names allow; none where nothing is known.
    static List<String> lines(Diagnosis diagnosis) {
        List<String> lines = new ArrayList<>();
        for (Likeness one : diagnosis.looksLike()) {
            lines.add("  " + name(one));
            Wrapping.add(lines, "    ", explanation(one));
        }
        WrongGradients gradients = diagnosis.gradients();
        if (gradients != null) {
            lines.add("  " + ONLY_GRADIENTS + ":");
            Wrapping.add(lines, "    ", sentence(gradients));
        }
        return lines;
    }

    /// The same as sentences.
    static List<String> sentences(Diagnosis diagnosis) {
        List<String> sentences = new ArrayList<>();
        diagnosis.looksLike().forEach(one -> sentences.add(name(one) + ". " + explanation(one)));
        WrongGradients gradients = diagnosis.gradients();
        if (gradients != null) {
            sentences.add(ONLY_GRADIENTS + ": " + sentence(gradients) + ".");
        }
        return sentences;
    }

    private static String name(Likeness one) {
        String coefficient = measured(one.coefficient(), one.standardError());
        return "this looks like: " + one.bug().name() + " (coefficient " + coefficient + ")";
    }

    private static String explanation(Likeness one) {
        return one.bug().says() + " Look at " + one.bug().look() + ".";
    }

    private static String sentence(WrongGradients g) {
        if (g.scaled()) {
            WrongGradients.Term one = g.terms().getFirst();
            return "all of them are multiplied by " + measured(one.factor(), one.standardError())
                    + " (a scaled loss, averaged or accumulated gradients, clipping before they were written?)";
        }
        List<WrongGradients.Term> wrong =
                g.terms().stream().filter(t -> !t.right()).toList();
        if (!wrong.isEmpty()) {
            return wrong.stream()
                            .map(t -> "that of " + t.name() + " is multiplied by "
                                    + measured(t.factor(), t.standardError()))
                            .collect(Collectors.joining(", "))
                    + "; the other terms of the loss have theirs";
        }
        if (g.parameters().isEmpty()) {
            return "those of modules' outputs; the parameters' are right";
        }
        return "those of " + g.parameters().size() + " of " + g.all() + " parameters: " + modules(g.parameters());
    }

    /// Modules rather than parameters where there are many, the ones with most of them first.
    private static String modules(List<String> parameters) {
        if (parameters.size() <= MOST_MODULES) {
            return String.join(", ", parameters);
        }
        Map<String, Integer> count = new TreeMap<>();
        for (String p : parameters) {
            String[] parts = p.split("\\.", 3);
            boolean numbered = parts.length > 2 && !parts[1].isEmpty() && Character.isDigit(parts[1].charAt(0));
            count.merge(numbered ? parts[0] + "." + parts[1] + ".*" : parts[0] + ".*", 1, Integer::sum);
        }
        String some = count.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .limit(MOST_MODULES)
                .map(e -> e.getKey() + " (" + e.getValue() + ")")
                .collect(Collectors.joining(", "));
        return count.size() <= MOST_MODULES ? some : some + " and " + (count.size() - MOST_MODULES) + " more modules";
    }

    /// A number with its standard error, to one digit of that.
    static String measured(double value, double error) {
        if (!(error > 0) || !Double.isFinite(error)) {
            return String.format(Locale.ROOT, "%.4g", value);
        }
        int digits = Math.clamp((int) Math.ceil(-Math.log10(error)), 0, 9);
        return String.format(Locale.ROOT, "%." + digits + "f ± %." + digits + "f", value, error);
    }
}

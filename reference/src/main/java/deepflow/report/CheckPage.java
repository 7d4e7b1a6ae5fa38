package deepflow.report;

import deepflow.model.ConfigJson;
import deepflow.oracle.CheckResult;
import deepflow.oracle.ErrorHistogram;
import deepflow.oracle.Family;
import deepflow.oracle.Finding;
import deepflow.oracle.StepMetadata;
import deepflow.oracle.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The verdict on a dump as one HTML page that needs no other file and no network, for a person with a minute: verdict,
/// first wrong operation with its formula, a map of error over budget along the graph, a histogram of a chosen tensor's
/// elements, and the list with filters.
///
/// The same verdict gives the same bytes. Names come from a stranger's file: they are escaped, and the page's policy
/// forbids every script but its own. At most [#MOST_ROWS] tensors are listed, those that count first.
public final class CheckPage {
    static final int LONGEST_NAME = 160;

    /// Most tensors in the list; 3,000 is a model of 28 blocks with all outputs and gradients.
    static final int MOST_ROWS = 6000;

    private final CheckResult result;
    private final Map<String, ErrorHistogram> histograms;
    private final List<Finding> listed;
    private final boolean budgets;

    private CheckPage(Verdict verdict) {
        this.result = verdict.result();
        this.histograms = verdict.histograms();
        this.budgets = result.findings().stream().anyMatch(f -> f.verdict() != null);
        List<Finding> all = result.findings();
        long counting = all.stream().filter(Finding::counts).count();
        long room = Math.max(0, MOST_ROWS - counting);
        List<Finding> some = new ArrayList<>();
        for (Finding f : all) {
            if (some.size() < MOST_ROWS && (f.counts() || room-- > 0)) {
                some.add(f);
            }
        }
        this.listed = some;
    }

    /// The page.
    public static String html(Verdict verdict) {
        return new CheckPage(verdict).page();
    }

    private String page() {
        String script = resource("check.js");
        HeatMap map = new HeatMap();
        FindingTable table =
                new FindingTable(listed, result.findings().size() - listed.size(), result.threshold(), unit());
        for (int i = 0; i < listed.size(); i++) {
            map.add(i, listed.get(i), severity(listed.get(i)));
        }
        String name = Html.escape(Html.cut(result.dump(), LONGEST_NAME));
        return """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';\
                 script-src 'sha256-"""
                + sha256(script)
                + "'; base-uri 'none'; form-action 'none'\">\n<title>"
                + (result.consistent() ? "consistent: " : "INCONSISTENT: ") + name + "</title>\n<style>\n"
                + resource("check.css") + "</style>\n</head>\n<body>\n<main>\n<h1 class=name>" + name + "</h1>\n"
                + verdict() + first() + close()
                + "<h2 id=map>Error over " + unit() + "</h2>\n" + legend() + "<div class=maps>\n" + map.html()
                + "</div>\n"
                + "<h2 id=elements>Elements of a tensor</h2>\n<div id=histogram aria-live=polite>"
                + "<noscript>The histogram needs scripts, which are off.</noscript></div>\n"
                + "<h2 id=tensors>Tensors</h2>\n" + table.html()
                + "</main>\n<script type=\"application/json\" id=data>" + data() + "</script>\n<script>" + script
                + "</script>\n</body>\n</html>\n";
    }

    private Severity severity(Finding f) {
        return Severity.of(f, result.threshold());
    }

    private String unit() {
        return budgets ? "budget" : "threshold";
    }

    private String verdict() {
        List<Finding> all = result.findings();
        long wrong = all.stream().filter(Finding::counts).count();
        long ok = all.stream().filter(f -> f.status() == Finding.Status.OK).count();
        long undecided = all.stream().filter(f -> severity(f).undecided()).count();
        StepMetadata m = result.metadata();
        StringBuilder html = new StringBuilder(
                result.consistent()
                        ? "<p class=\"verdict good\">✓ consistent</p>\n"
                        : "<p class=\"verdict bad\">✗ INCONSISTENT</p>\n");
        html.append(String.format(
                Locale.ROOT,
                "<p>%d tensors right, <b>%d wrong</b>%s; computed in <b>%s</b>, judged by %s.</p>\n",
                ok,
                wrong,
                undecided == 0 ? "" : ", " + undecided + " undecided (budget wider than signal)",
                m.precision().label(),
                budgets
                        ? "a budget for every tensor"
                        : String.format(Locale.ROOT, "one threshold, relative error %.0e", result.threshold())));
        html.append("<p class=soft>");
        if (!m.producer().isEmpty()) {
            html.append("Written by ")
                    .append(Html.escape(Html.cut(m.producer(), 80)))
                    .append(". ");
        }
        if (!result.absent().isEmpty()) {
            html.append("Not in the dump, not judged: ");
            html.append(Html.escape(String.join(", ", result.absent()))).append(". ");
        }
        html.append("Configuration: <code>")
                .append(Html.escape(ConfigJson.write(m.config())))
                .append("</code></p>\n");
        return html.toString();
    }

    /// The first wrong operation, with what it should compute.
    private String first() {
        if (result.consistent()) {
            return "";
        }
        Finding first = result.first().orElseThrow();
        String blamed =
                result.suspects().isEmpty() ? first.name() : result.suspects().getLast();
        StringBuilder html =
                new StringBuilder("<section class=panel aria-label=\"first wrong\">\n<h2 style=\"margin-top:0\">");
        html.append("First wrong: ").append(link(blamed)).append("</h2>\n");
        called(html, blamed);
        Family family = Family.byName(blamed).orElse(null);
        Operation.of(family == null ? blamed : blamed.substring(family.prefix().length()))
                .ifPresent(o -> operation(html, o, family));
        result.findings().stream()
                .filter(f -> f.name().equals(blamed))
                .findFirst()
                .ifPresent(f -> html.append("<p>").append(sentence(f)).append("</p>\n"));
        if (!blamed.equals(first.name())) {
            html.append("<p>The first tensor that is off: ")
                    .append(link(first.name()))
                    .append(".</p>\n");
        }
        List<String> others = result.suspects().stream()
                .filter(s -> !s.equals(blamed))
                .limit(20)
                .toList();
        if (!others.isEmpty()) {
            html.append("<p>Or one of these before it, which are not in the dump: <code>");
            html.append(others.stream()
                    .map(s -> Html.escape(Html.cut(s, LONGEST_NAME)))
                    .collect(Collectors.joining("</code>, <code>")));
            html.append("</code>.</p>\n");
        }
        if (result.findings().stream()
                .anyMatch(f -> f.verdict() != null && f.verdict().alongBug())) {
            html.append("<p>").append(CheckReport.ALONG_BUG).append(".</p>\n");
        }
        for (String sentence : DiagnosisReport.sentences(result.diagnosis())) {
            html.append("<p>").append(Html.escape(sentence)).append("</p>\n");
        }
        return html.append("</section>\n").toString();
    }

    private static void operation(StringBuilder html, Operation o, @Nullable Family family) {
        String numbers = o.equations().stream().map(String::valueOf).collect(Collectors.joining(" and "));
        html.append("<p>");
        if (family == Family.GRADACT) {
            html.append("The gradient that comes back to the output of: ");
        } else if (family == Family.GRAD) {
            html.append("The gradient of a parameter of: ");
        }
        html.append("<b>").append(Html.escape(o.title())).append("</b>");
        html.append(numbers.isEmpty() ? "" : " (Eq. " + numbers + " of the paper)");
        html.append(", <code>").append(o.where().getName()).append("</code></p>\n<p class=formula>");
        html.append(Html.escape(o.formula())).append("</p>\n");
    }

    private String sentence(Finding f) {
        String status = f.status() == Finding.Status.WRONG ? "" : f.status().label() + ": ";
        if (Double.isNaN(f.relativeError())) {
            return Html.escape(Html.cut(status + f.where(), 400)) + ".";
        }
        Severity s = severity(f);
        String over =
                Double.isFinite(s.ratio()) ? String.format(Locale.ROOT, ", %.3g times its %s", s.ratio(), unit()) : "";
        return status
                + String.format(
                        Locale.ROOT,
                        "Relative error %.2g%s; the largest error, %.2g, is at %s.",
                        f.relativeError(),
                        over,
                        f.maxError(),
                        Html.escape(f.where()));
    }

    /// What the file calls a tensor.
    private void called(StringBuilder html, String name) {
        List<String> inFile = result.foreign().getOrDefault(name, List.of());
        if (!inFile.isEmpty()) {
            html.append("<p>In the file: <code>");
            html.append(inFile.stream()
                    .map(s -> Html.escape(Html.cut(s, LONGEST_NAME)))
                    .collect(Collectors.joining("</code>, <code>")));
            html.append("</code></p>\n");
        }
    }

    /// Where nothing is wrong, what came closest to it.
    private String close() {
        return !result.consistent()
                ? ""
                : listed.stream()
                        .filter(f -> severity(f).ratio() > 0)
                        .max((a, b) ->
                                Double.compare(severity(a).ratio(), severity(b).ratio()))
                        .map(f -> String.format(
                                Locale.ROOT,
                                "<p>Nearest to its %s: %s, %.2g of it.</p>\n",
                                unit(),
                                link(f.name()),
                                severity(f).ratio()))
                        .orElse("");
    }

    private String link(String name) {
        String shown = Html.escape(Html.cut(name, LONGEST_NAME));
        int i = index(name);
        return i < 0 ? "<code>" + shown + "</code>" : "<a class=name href=\"#t" + i + "\">" + shown + "</a>";
    }

    private int index(String name) {
        for (int i = 0; i < listed.size(); i++) {
            if (listed.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }

    private static String legend() {
        return """
                <p class=legend><span class=s0>&lt; .01</span><span class=s1>&lt; .1</span><span class=s2>&lt; .3</span>\
                <span class=s3>&lt; .6</span><span class=s4>to 1</span><span class=w>✗ wrong</span>\
                <span>? undecided</span><span>– not compared</span></p>
                <p class="legend soft">Every cell is a link: it shows the tensor's elements below.</p>
                """;
    }

    /// `{"first": row, "histograms": {row: [exact, not finite, first bin, log₁₀ of the budget, [counts]]}}`.
    private String data() {
        String json = Json.text(out -> {
            out.writeStartObject();
            out.writeNumberProperty("first", chosen());
            out.writeName("histograms").writeStartObject();
            for (int i = 0; i < listed.size(); i++) {
                Finding f = listed.get(i);
                ErrorHistogram h = histograms.get(f.name());
                double budget =
                        f.verdict() == null ? result.threshold() : f.verdict().budget();
                if (h == null || !(budget > 0) || !Double.isFinite(budget)) {
                    continue;
                }
                out.writeName(Integer.toString(i)).writeStartArray();
                out.writeNumber(h.exact()).writeNumber(h.notFinite()).writeNumber(h.first());
                out.writeNumber(Math.round(1000 * StrictMath.log10(budget)) / 1000.0);
                out.writeArray(h.counts(), 0, h.counts().length).writeEndArray();
            }
            out.writeEndObject().writeEndObject();
        });
        return json.replace("<", "\\u003c");
    }

    /// The row that is shown at first: the first wrong operation, or what is nearest to being wrong.
    private int chosen() {
        String name = result.suspects().isEmpty()
                ? result.first().map(Finding::name).orElse("")
                : result.suspects().getLast();
        int worst = 0;
        for (int i = 0; i < listed.size(); i++) {
            if (listed.get(i).name().equals(name)) {
                return i;
            }
            worst = severity(listed.get(i)).ratio()
                            > severity(listed.get(worst)).ratio()
                    ? i
                    : worst;
        }
        return worst;
    }

    private static String resource(String name) {
        try (InputStream in = Objects.requireNonNull(CheckPage.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java has it
        }
    }
}

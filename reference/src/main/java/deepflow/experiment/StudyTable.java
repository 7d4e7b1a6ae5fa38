package deepflow.experiment;

import deepflow.io.AtomicFile;
import deepflow.model.ParameterCount;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// A study's result: a row for each variant, mean ± standard deviation over the seeds.
///
/// @param study what was asked
/// @param outcomes of each variant, by seed
record StudyTable(Study study, Map<Study.Variant, List<RunOutcome>> outcomes) {
    /// Mean and standard deviation (n − 1) of a few numbers.
    record Spread(double mean, double deviation) {
        static Spread of(List<RunOutcome> outcomes, ToDoubleFunction<RunOutcome> number) {
            double[] x = outcomes.stream().mapToDouble(number).toArray();
            double mean = 0;
            for (double v : x) {
                mean += v / x.length;
            }
            double squares = 0;
            for (double v : x) {
                squares += (v - mean) * (v - mean);
            }
            return new Spread(mean, x.length < 2 ? 0 : Math.sqrt(squares / (x.length - 1)));
        }

        String shown(int digits) {
            String format = "%." + digits + "f";
            return String.format(Locale.ROOT, format + " ± " + format, mean, deviation);
        }
    }

    /// Writes `table.md`, `table.csv` and `plot.png`.
    List<Path> write(Path folder) {
        Path markdown = folder.resolve("table.md");
        Path csv = folder.resolve("table.csv");
        Path plot = folder.resolve("plot.png");
        AtomicFile.write(markdown, markdown().getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(csv, csv().getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(plot, new StudyPlot(study, outcomes).png());
        return List.of(markdown, csv, plot);
    }

    /// The table as a Markdown page.
    String markdown() {
        List<String> keys = study.evaluation().keys();
        StringBuilder out = new StringBuilder("# " + study.title() + "\n\n");
        out.append("Mean ± standard deviation over the seeds ")
                .append(String.join(
                        ", ", study.seeds().stream().map(String::valueOf).toList()))
                .append(". FD: Fréchet distance in pixel space of ")
                .append(study.evaluation().samples())
                .append(" samples (SDE, averaged weights) to the data; smaller is better.\n\n");
        List<String> head = new ArrayList<>(List.of("variant", "parameters", "steps", "s/step", "loss (Eq. 5)"));
        keys.forEach(k -> head.add("FD, " + k));
        row(out, head);
        row(out, head.stream().map(h -> h.equals("variant") ? "---" : "---:").toList());
        outcomes.forEach((variant, all) -> {
            List<String> cells = new ArrayList<>(List.of(
                    variant.name().replace("|", "\\|"),
                    String.format(Locale.ROOT, "%,d", parameters(variant)),
                    Long.toString(variant.steps()),
                    String.format(Locale.ROOT, "%.3f", Spread.of(all, RunOutcome::seconds).mean()),
                    Spread.of(all, RunOutcome::loss).shown(4)));
            keys.forEach(k -> cells.add(distance(all, k).shown(3)));
            row(out, cells);
        });
        return out.toString();
    }

    private static void row(StringBuilder out, List<String> cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    /// The single runs, a line each.
    String csv() {
        List<String> keys = study.evaluation().keys();
        StringBuilder out = new StringBuilder("variant,seed,parameters,steps,seconds_per_step,loss");
        keys.forEach(k -> out.append(",\"fd ").append(k).append('"'));
        out.append('\n');
        outcomes.forEach((variant, all) -> {
            for (int i = 0; i < all.size(); i++) {
                RunOutcome o = all.get(i);
                out.append('"')
                        .append(variant.name().replace("\"", "\"\""))
                        .append("\",")
                        .append(study.seeds().get(i))
                        .append(',')
                        .append(parameters(variant))
                        .append(',')
                        .append(variant.steps())
                        .append(',')
                        .append(o.seconds())
                        .append(',')
                        .append(o.loss());
                keys.forEach(k -> out.append(',').append(o.distances().get(k)));
                out.append('\n');
            }
        });
        return out.toString();
    }

    private static long parameters(Study.Variant variant) {
        return ParameterCount.of(variant.config().model()).parameters();
    }

    /// The spread of one measurement.
    static Spread distance(List<RunOutcome> all, String key) {
        return Spread.of(all, o -> o.distances().getOrDefault(key, Double.NaN));
    }
}

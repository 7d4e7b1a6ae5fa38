package deepflow.experiment;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;

/// A study's picture: a bar for each variant; or, where samples were drawn with several numbers of steps or
/// guidance scales, a line for each variant over them. Error bars are one standard deviation over the seeds.
///
/// @param study what was asked
/// @param outcomes of each variant, by seed
record StudyPlot(Study study, Map<Study.Variant, List<RunOutcome>> outcomes) {
    private static final String DISTANCE = "Fréchet distance";
    /// Letters that fit under a bar, and what fits when slightly turned.
    private static final int SHORT = 9;
    private static final int LONG = 20;
    private static final int FLAT = 20;
    private static final int STEEP = 45;

    byte[] png() {
        List<Integer> steps = study.evaluation().steps();
        List<Double> guidance = study.evaluation().guidance();
        if (steps.size() > 1 && guidance.size() == 1) {
            return lines(
                    "SDE steps",
                    steps.stream().mapToDouble(s -> s).toArray(),
                    study.evaluation().keys());
        }
        if (guidance.size() > 1 && steps.size() == 1) {
            return lines(
                    "guidance scale",
                    guidance.stream().mapToDouble(g -> g).toArray(),
                    study.evaluation().keys());
        }
        return bars(study.evaluation().keys().getFirst());
    }

    private byte[] lines(String axis, double[] xs, List<String> keys) {
        List<Plot.Series> series = new ArrayList<>();
        outcomes.forEach((variant, all) -> {
            double[] means = new double[xs.length];
            double[] deviations = new double[xs.length];
            for (int i = 0; i < xs.length; i++) {
                StudyTable.Spread s = StudyTable.distance(all, keys.get(i));
                means[i] = s.mean();
                deviations[i] = s.deviation();
            }
            series.add(new Plot.Series(variant.name(), xs, means, deviations));
        });
        return new Plot(study.title(), axis, DISTANCE, Plot.Kind.MARKED, series).png();
    }

    private byte[] bars(String key) {
        List<String> names = new ArrayList<>();
        List<Double> means = new ArrayList<>();
        List<Double> deviations = new ArrayList<>();
        outcomes.forEach((variant, all) -> {
            StudyTable.Spread s = StudyTable.distance(all, key);
            names.add(variant.name());
            means.add(s.mean());
            deviations.add(s.deviation());
        });
        CategoryChart chart = new CategoryChartBuilder()
                .width(760)
                .height(names.stream().anyMatch(n -> n.length() > LONG) ? 560 : 460)
                .title(study.title())
                .yAxisTitle(DISTANCE + ", " + key)
                .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE).setLegendVisible(false);
        chart.getStyler().setPlotBorderVisible(false);
        int longest = names.stream().mapToInt(String::length).max().orElse(0);
        // XChart leaves out labels that would not fit beside each other, so the longer they are the steeper they stand
        chart.getStyler().setXAxisLabelRotation(longest > LONG ? STEEP : longest > SHORT ? FLAT : 0);
        chart.getStyler().setAvailableSpaceFill(0.6);
        chart.getStyler().setYAxisMin(0.0);
        chart.addSeries(DISTANCE, names, means, deviations).setFillColor(new Color(0x56B4E9));
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            BitmapEncoder.saveBitmap(chart, out, BitmapEncoder.BitmapFormat.PNG);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail so
        }
    }
}

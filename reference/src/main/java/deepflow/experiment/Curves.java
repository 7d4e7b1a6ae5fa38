package deepflow.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The losses of a run over its steps, read from `metrics.csv`.
///
/// @param metrics the file
/// @param config the run's
record Curves(Path metrics, RunConfig config) {
    private static final List<String> NAMES = List.of("loss", "deep supervision", "acceleration", "alignment");
    private static final int SMOOTH_SHARE = 100;

    /// Draws them.
    void write(Path file) {
        List<double[]> rows = StepLog.lines(metrics).stream()
                .map(line -> Arrays.stream(line.split(",", -1))
                        .mapToDouble(Double::parseDouble)
                        .toArray())
                .toList();
        if (rows.isEmpty()) {
            return;
        }
        double[] steps = rows.stream().mapToDouble(r -> r[0]).toArray();
        List<Plot.Series> series = new ArrayList<>();
        for (int i = 0; i < NAMES.size(); i++) {
            int column = i + 1;
            double[] values = rows.stream().mapToDouble(r -> r[column]).toArray();
            if (Arrays.stream(values).allMatch(v -> v > 0)) { // a loss that the model does not have is 0
                series.add(new Plot.Series(NAMES.get(i), steps, Plot.smooth(values, steps.length / SMOOTH_SHARE)));
            }
        }
        String title = "Training losses, " + config.data() + ", seed " + config.seed();
        new Plot(title, "step", "loss (moving mean)", Plot.Kind.LOGARITHMIC, series).write(file);
    }
}

package deepflow.experiment;

import deepflow.io.Png;
import deepflow.sample.Pixels;
import deepflow.sample.Progress;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.train.TrainingState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The pictures of a run: its curves, and samples of the averaged weights at each checkpoint, always from
/// the same noise. Images are laid out in ten columns, a class each (class = column modulo K); points of
/// the plane are scattered; of images that are neither grey nor RGB the first channel is shown.
///
/// @param folder where they go
/// @param config the run's
record RunPictures(RunFolder folder, RunConfig config) {
    private static final int COLUMNS = 10;
    private static final int IMAGES = 100;
    private static final int POINTS = 2000;
    private static final double GUIDANCE = 1.5;

    /// Draws what is not there yet for this step, and the curves anew; returns the files.
    List<Path> draw(Backend b, TrainingState state, long step) {
        List<Path> files = new ArrayList<>();
        if (step > 0) {
            new Curves(folder.metrics(), config).write(folder.curves());
            files.add(folder.curves());
        }
        Path samples = folder.samples(step);
        if (!Files.exists(samples)) {
            boolean points = config.model().size() == 1 && config.model().channels() == 2;
            int[] labels = new int[points ? POINTS : IMAGES];
            Arrays.setAll(labels, i -> i % COLUMNS % Math.max(1, config.model().classes()));
            Draw draw = Draw.pictures(points ? 1 : GUIDANCE);
            double[] values = draw.of(b, config, state.averages(), labels, Progress.NONE);
            if (points) {
                scatter(values, step).write(samples);
            } else {
                grid(values, samples);
            }
            files.add(samples);
        }
        return files;
    }

    private void grid(double[] values, Path file) {
        int channels = config.model().channels();
        int side = config.model().size();
        double[] shown = values;
        if (channels != 1 && channels != 3) {
            int plane = side * side;
            shown = new double[IMAGES * plane];
            for (int n = 0; n < IMAGES; n++) {
                System.arraycopy(values, n * channels * plane, shown, n * plane, plane);
            }
            channels = 1;
        }
        Pixels grid = Pixels.of(shown, Shape.of(channels, side, side)).grid();
        Png.write(file, grid.bytes(), grid.height(), grid.width(), grid.channels());
    }

    private Plot scatter(double[] values, long step) {
        double[] x = new double[values.length / 2];
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = values[2 * i];
            y[i] = values[2 * i + 1];
        }
        return new Plot(
                config.data() + " after " + step + " steps",
                "x",
                "y",
                Plot.Kind.POINTS,
                List.of(new Plot.Series("samples", x, y)));
    }
}

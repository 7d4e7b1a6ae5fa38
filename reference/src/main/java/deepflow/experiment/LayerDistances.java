package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.io.FormatException;
import deepflow.io.TensorSource;
import deepflow.metric.FeatureDistance;
import deepflow.model.DeepFlow;
import deepflow.model.StateDict;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/// How far the tokens after each block are from those after the last one, at several times:
/// [FeatureDistance], the question of the paper's figures 2d and 5.
///
/// @param config the run's
/// @param data where the images come from
/// @param samples how many
public record LayerDistances(RunConfig config, DataSet data, int samples) {
    /// The times that are looked at unless others are asked for.
    public static final List<Double> TIMES = List.of(0.1, 0.3, 0.5, 0.7, 0.9);

    /// One time.
    ///
    /// @param t between data (0) and noise (1)
    /// @param byBlock distance by the number of blocks that came before, 1 … L
    public record Line(double t, SortedMap<Integer, Double> byBlock) {}

    /// The distances for the averaged weights of a run's newest checkpoint.
    ///
    /// @param b of the run's precision
    /// @param run its folder
    /// @throws FormatException if there is no checkpoint, or it is damaged
    public List<Line> of(Backend b, RunFolder run, List<Double> times) {
        Map.Entry<Long, Path> newest = run.checkpoints().lastEntry();
        if (newest == null) {
            throw new FormatException("There is no checkpoint in " + run.path() + ": no step-….safetensors file.");
        }
        try (TensorSource source = TensorSource.open(newest.getValue())) {
            List<ParameterSpec> specs = Declarations.of(new DeepFlow(config.model()));
            return at(
                    b, StateDict.of(source, StateDict.Weights.EMA).strict(specs).upload(b, specs), times);
        }
    }

    /// The distances at each time.
    ///
    /// @param weights of all parameters, by name
    List<Line> at(Backend b, Map<String, Tensor> weights, List<Double> times) {
        List<Line> lines = new ArrayList<>();
        for (double t : times) {
            lines.add(new Line(t, byBlock(b, weights, t)));
        }
        return lines;
    }

    /// Draws distance over block number, a line for each time, as PNG.
    public static void plot(List<Line> lines, Path file) {
        List<Plot.Series> series = new ArrayList<>();
        for (Line line : lines) {
            series.add(new Plot.Series(
                    "t = " + line.t(),
                    line.byBlock().keySet().stream().mapToDouble(block -> block).toArray(),
                    line.byBlock().values().stream().mapToDouble(d -> d).toArray()));
        }
        new Plot("Distance of features to the last block's", "block", "distance", Plot.Kind.MARKED, series).write(file);
    }

    private SortedMap<Integer, Double> byBlock(Backend b, Map<String, Tensor> weights, double t) {
        int pixels = config.model().channels()
                * config.model().size()
                * config.model().size();
        double[] x = new double[Math.multiplyExact(samples, pixels)];
        double[] noise = new double[pixels];
        double[] time = new double[samples];
        int[] labels = new int[samples];
        Arrays.fill(time, t);
        for (int n = 0; n < samples; n++) {
            int index = (int) ((long) n * data.count() / samples);
            double[] image = data.image(index, config.seed(), 0);
            KeyedRandom.of(config.seed(), "feature noise", n).gaussians(noise);
            for (int i = 0; i < pixels; i++) {
                x[n * pixels + i] = (1 - t) * image[i] + t * noise[i];
            }
            labels[n] = data.label(index);
        }
        return FeatureDistance.byBlock(b, new DeepFlow(config.model()), weights, x, time, labels);
    }
}

package deepflow.experiment;

import deepflow.data.DataSet;
import deepflow.metric.FeatureDistance;
import deepflow.model.DeepFlow;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// How far the tokens after each block are from those after the last one, at several times: [FeatureDistance], the
/// question of the paper's figures 2d and 5.
///
/// @param config the run's
/// @param data where the images come from
/// @param samples how many
record LayerDistances(RunConfig config, DataSet data, int samples) {
    /// One line for each time: distance over block number.
    ///
    /// @param weights of all parameters, by name
    List<Plot.Series> at(Backend b, Map<String, Tensor> weights, double... times) {
        List<Plot.Series> lines = new ArrayList<>();
        for (double t : times) {
            Map<Integer, Double> distances = byBlock(b, weights, t);
            lines.add(new Plot.Series(
                    "t = " + t,
                    distances.keySet().stream().mapToDouble(block -> block).toArray(),
                    distances.values().stream().mapToDouble(d -> d).toArray()));
        }
        return lines;
    }

    private Map<Integer, Double> byBlock(Backend b, Map<String, Tensor> weights, double t) {
        int pixels = config.model().channels() * config.model().size() * config.model().size();
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

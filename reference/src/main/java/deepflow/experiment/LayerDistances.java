package deepflow.experiment;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.data.DataSet;
import deepflow.model.DeepFlow;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How far the tokens after each block are from those after the last one (as the paper's figures 2d and 5 ask it):
/// 1 − cos of a token's two features, averaged over tokens and samples, at several times.
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
            double[] distances = distances(features(b, weights, t));
            double[] blocks = new double[distances.length];
            for (int i = 0; i < blocks.length; i++) {
                blocks[i] = i + 1.0;
            }
            lines.add(new Plot.Series("t = " + t, blocks, distances));
        }
        return lines;
    }

    private List<double[]> features(Backend b, Map<String, Tensor> weights, double t) {
        DeepFlow model = new DeepFlow(config.model());
        List<ParameterSpec> specs = Declarations.of(model);
        int pixels = config.model().channels() * config.model().size() * config.model().size();
        double[] x = new double[samples * pixels];
        double[] noise = new double[pixels];
        int[] y = new int[samples];
        for (int n = 0; n < samples; n++) {
            int index = (int) ((long) n * data.count() / samples);
            double[] image = data.image(index, config.seed(), 0);
            KeyedRandom.of(config.seed(), "feature noise", n).gaussians(noise);
            for (int i = 0; i < pixels; i++) {
                x[n * pixels + i] = (1 - t) * image[i] + t * noise[i];
            }
            y[n] = data.label(index);
        }
        Map<Integer, double[]> blocks = new TreeMap<>();
        try (Arena _ = b.arena()) {
            Tape tape = Tape.inference(b);
            Context root = Context.root(tape, Parameters.on(tape, specs, weights), (name, out, alias) -> {
                if (name.matches("blocks\\.\\d+")) {
                    blocks.put(Integer.parseInt(name.substring("blocks.".length())), b.download(out.value()));
                }
            });
            double[] same = new double[samples];
            Arrays.fill(same, t);
            Tensor time = b.upload(same, Shape.of(samples));
            int side = config.model().size();
            Variable image = tape.constant(
                    b.upload(x, Shape.of(samples, config.model().channels(), side, side)));
            model.forward(
                    root,
                    image,
                    Collections.nCopies(config.model().k(), time),
                    b.uploadIndices(y, Shape.of(samples)));
        }
        return List.copyOf(blocks.values());
    }

    private double[] distances(List<double[]> blocks) {
        double[] last = blocks.getLast();
        double[] out = new double[blocks.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = meanDistance(blocks.get(i), last, config.model().width());
        }
        return out;
    }

    private static double meanDistance(double[] a, double[] b, int width) {
        double sum = 0;
        int tokens = a.length / width;
        for (int token = 0; token < tokens; token++) {
            double ab = 0;
            double aa = 0;
            double bb = 0;
            for (int i = token * width; i < (token + 1) * width; i++) {
                ab += a[i] * b[i];
                aa += a[i] * a[i];
                bb += b[i] * b[i];
            }
            sum += 1 - ab / Math.sqrt(aa * bb);
        }
        return sum / tokens;
    }
}

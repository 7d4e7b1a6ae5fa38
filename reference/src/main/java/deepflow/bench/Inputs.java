package deepflow.bench;

import deepflow.model.ModelConfig;
import deepflow.model.RandomWeights;
import deepflow.nn.ParameterSpec;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.TrainingState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What work is done on.
///
/// @param b where it lies
/// @param random whether numbers are drawn; all are zero otherwise, for a back end that counts
record Inputs(Backend b, boolean random) {
    /// As in the peer: α of the time gaps.
    private static final double GAP = 0.01;

    /// Gaussian numbers.
    Tensor normal(int... dims) {
        Shape shape = Shape.of(dims);
        if (!random) {
            return b.full(shape, 0);
        }
        KeyedRandom draws = KeyedRandom.of(0, "bench " + shape, 0);
        double[] values = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = draws.gaussian();
        }
        return b.upload(values, shape);
    }

    /// Weights that are all different from zero.
    Map<String, Tensor> weights(List<ParameterSpec> specs) {
        if (random) {
            return new RandomWeights(0).upload(b, specs);
        }
        Map<String, Tensor> weights = new LinkedHashMap<>();
        specs.forEach(s -> weights.put(s.name(), b.full(s.shape(), 0)));
        return weights;
    }

    /// A state before its first step.
    TrainingState state(List<ParameterSpec> specs) {
        return random ? TrainingState.fresh(b, specs, new RandomWeights(0)) : TrainingState.zeros(b, specs);
    }

    /// Noise for data and noise, times that differ by up to α, any labels.
    Batch batch(ModelConfig c, int samples) {
        if (!random) {
            return Batch.zeros(b, c, samples);
        }
        KeyedRandom draws = KeyedRandom.of(1, "bench batch", 0);
        double[][] t = new double[c.k()][samples];
        int[] y = new int[samples];
        for (int n = 0; n < samples; n++) {
            t[0][n] = draws.uniform();
            for (int i = 1; i < c.k(); i++) {
                t[i][n] = Math.clamp(t[i - 1][n] + GAP * draws.uniform(), 0, 1);
            }
            y[n] = draws.below(c.classes() + 1);
        }
        List<Tensor> times = new ArrayList<>();
        for (double[] ti : t) {
            times.add(b.upload(ti, Shape.of(samples)));
        }
        int[] image = {samples, c.channels(), c.size(), c.size()};
        boolean aligned = c.sslDim() > 0 && c.k() > 1;
        return new Batch(
                normal(image),
                b.scale(normal(image), -1),
                times,
                b.uploadIndices(y, Shape.of(samples)),
                aligned ? normal(samples, c.tokens(), c.sslDim()) : null);
    }
}

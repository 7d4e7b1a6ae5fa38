package deepflow.oracle;

import deepflow.model.ModelConfig;
import deepflow.model.ParameterValues;
import deepflow.model.RandomWeights;
import deepflow.nn.ParameterSpec;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.ParameterState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/// Random weights, inputs and optimizer state for golden dumps: every parameter is non-zero, since zero-initialised
/// layers hide bugs, and scaled to keep activations near unit size. Everything is a float32 number, so that every
/// precision starts from one point; each tensor, and each sample, has a key of its own ([KeyedRandom]).
///
/// @param config the model
/// @param seed what everything depends on
record GoldenInputs(ModelConfig config, long seed) {
    /// α of the time gaps: larger than the published 0.01, so that a wrong gap is seen.
    private static final double GAP = 0.1;

    /// The parameters.
    ParameterValues weights() {
        return new RandomWeights(seed);
    }

    /// A batch of samples; sample n is the same in every batch.
    Batch batch(Backend b, int samples) {
        Shape image = Shape.of(samples, config.channels(), config.size(), config.size());
        int sign = key("time sign", 0).sign();
        List<double[]> t = new ArrayList<>();
        for (int i = 0; i < config.k(); i++) {
            t.add(new double[samples]);
        }
        int[] y = new int[samples];
        for (int n = 0; n < samples; n++) {
            KeyedRandom times = key("time", n);
            double time = (float) times.uniform();
            t.getFirst()[n] = time;
            for (int i = 1; i < config.k(); i++) {
                time = (float) Math.clamp(time + sign * GAP * times.uniform(), 0, 1);
                t.get(i)[n] = time;
            }
            y[n] = key("label", n).below(config.classes() + 1);
        }
        List<Tensor> times =
                t.stream().map(ti -> b.upload(ti, Shape.of(samples))).toList();
        Tensor z = config.sslDim() > 0 && config.k() > 1
                ? b.upload(perSample("in.z", samples, config.tokens() * config.sslDim()), features(samples))
                : null;
        int pixels = image.product(1, 4);
        return new Batch(
                b.upload(perSample("in.x0", samples, pixels), image),
                b.upload(perSample("in.x1", samples, pixels), image),
                times,
                b.uploadIndices(y, Shape.of(samples)),
                z);
    }

    private Shape features(int samples) {
        return Shape.of(samples, config.tokens(), config.sslDim());
    }

    /// The first moment before the step, in ±0.01.
    double[] firstMoment(ParameterSpec spec) {
        return uniform("before.m", spec, u -> 0.01 * (2 * u - 1));
    }

    /// The second moment before the step, up to 1e-3 and well away from 0, where AdamW is ill-conditioned.
    double[] secondMoment(ParameterSpec spec) {
        return uniform("before.v", spec, u -> 1e-3 * (u + 0.01));
    }

    /// The moving average before the step: within 0.01 of the weight.
    ///
    /// @param weight the parameter's values
    double[] average(ParameterSpec spec, double[] weight) {
        double[] offset = uniform("before.ema", spec, u -> 0.01 * (2 * u - 1));
        Arrays.setAll(offset, i -> (float) (weight[i] + offset[i]));
        return offset;
    }

    /// All of the optimizer's state before the step.
    ///
    /// @param weight the parameter
    ParameterState state(Backend b, ParameterSpec spec, Tensor weight) {
        return new ParameterState(
                b.copy(weight),
                b.upload(firstMoment(spec), spec.shape()),
                b.upload(secondMoment(spec), spec.shape()),
                b.upload(average(spec, b.download(weight)), spec.shape()));
    }

    private double[] uniform(String purpose, ParameterSpec spec, DoubleUnaryOperator law) {
        KeyedRandom random = key(purpose + " " + spec.name(), 0);
        double[] values = new double[Math.toIntExact(spec.shape().size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) law.applyAsDouble(random.uniform());
        }
        return values;
    }

    private double[] perSample(String purpose, int samples, int each) {
        double[] all = new double[Math.multiplyExact(samples, each)];
        double[] one = new double[each];
        for (int n = 0; n < samples; n++) {
            key(purpose, n).gaussians(one);
            for (int i = 0; i < each; i++) {
                all[n * each + i] = (float) one[i];
            }
        }
        return all;
    }

    private KeyedRandom key(String purpose, long index) {
        return KeyedRandom.of(seed, "golden " + purpose, index);
    }
}

package deepflow.model;

import deepflow.nn.Initializer;
import deepflow.nn.ParameterSpec;
import deepflow.random.KeyedRandom;

/// Parameters that are all different from zero and keep activations near unit size, for dumps and tests: layers that
/// start at zero hide bugs behind them. As `random_weights` of the PyTorch peer, with other random numbers.
///
/// - More than one axis: N(0, 1)/√fan, fan the elements of one row (of all axes but the first).
/// - One axis: 0.1·N(0, 1), plus 1 where the name ends in `norm.weight`.
/// - Fixed tables (`pos_embed`) stay as they are.
///
/// Every number is exact in float32. Keys are (seed, `random weights ` + name, 0).
///
/// @param seed any number
public record RandomWeights(long seed) implements ParameterValues {
    @Override
    public double[] of(ParameterSpec spec) {
        if (spec.initializer() instanceof Initializer.Table) {
            return new Initialization(seed).of(spec);
        }
        KeyedRandom random = KeyedRandom.of(seed, "random weights " + spec.name(), 0);
        if (spec.shape().rank() > 1) {
            double fan = spec.shape().size() / (double) spec.shape().dim(0);
            double std = 1 / Math.sqrt(fan);
            return Initialization.filled(spec, () -> std * random.gaussian());
        }
        double mean = spec.name().endsWith("norm.weight") ? 1 : 0;
        return Initialization.filled(spec, () -> mean + 0.1 * random.gaussian());
    }
}

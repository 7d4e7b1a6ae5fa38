package deepflow.model;

import deepflow.nn.Initializer;
import deepflow.nn.ParameterSpec;
import deepflow.random.KeyedRandom;
import java.util.Arrays;
import java.util.function.DoubleSupplier;

/// A fresh model's parameters, as the published code starts them (SPEC §5): Xavier-uniform linear layers, N(0,
/// 0.02²) label table and time embedders, zero modulations and velocity layers. A fresh model answers 0 everywhere:
/// to test one, use [RandomWeights].
///
/// Every number is exact in float32, so that all precisions start from one point. Each parameter has a random key of
/// its own, (seed, `init ` + name, 0): it does not depend on which other parameters there are.
///
/// @param seed of the run
public record Initialization(long seed) implements ParameterValues {
    @Override
    public double[] of(ParameterSpec spec) {
        KeyedRandom random = KeyedRandom.of(seed, "init " + spec.name(), 0);
        return switch (spec.initializer()) {
            case Initializer.Constant c -> filled(spec, c::value);
            case Initializer.Normal n -> filled(spec, () -> n.std() * random.gaussian());
            case Initializer.XavierUniform x -> {
                double bound = x.bound();
                yield filled(spec, () -> bound * (2 * random.uniformOpen() - 1));
            }
            case Initializer.Table t -> {
                double[] table = t.values().get();
                Arrays.setAll(table, i -> (float) table[i]);
                yield table;
            }
        };
    }

    /// As many numbers as the parameter has, each rounded to float32.
    static double[] filled(ParameterSpec spec, DoubleSupplier number) {
        double[] values = new double[Math.toIntExact(spec.shape().size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) number.getAsDouble();
        }
        return values;
    }
}

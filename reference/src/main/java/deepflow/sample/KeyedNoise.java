package deepflow.sample;

import deepflow.random.KeyedRandom;

/// Noise that belongs to a sample's number, not to its batch, shard or process:
///
/// - the start x₁ of sample i: the Gaussians of the key (seed, `sample noise`, i), in row-major order;
/// - the draw of sample i in step s: those of the key (seed, `sample increment ` + s, i).
///
/// @param seed of all samples
/// @param first the number of the batch's first sample; the others follow
public record KeyedNoise(long seed, long first) implements Increments {
    /// The start of one sample.
    ///
    /// @param row its place in the batch
    /// @param size C·H·W
    public double[] start(int row, int size) {
        return gaussians(KeyedRandom.of(seed, "sample noise", first + row), size);
    }

    @Override
    public double[] draw(int row, int step, int size) {
        return gaussians(KeyedRandom.of(seed, "sample increment " + step, first + row), size);
    }

    private static double[] gaussians(KeyedRandom random, int size) {
        double[] numbers = new double[size];
        random.gaussians(numbers);
        return numbers;
    }
}

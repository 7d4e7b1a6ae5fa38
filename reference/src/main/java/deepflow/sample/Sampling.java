package deepflow.sample;

import java.util.Arrays;

/// All that turns noise into samples.
///
/// @param field the model
/// @param flow what its velocities mean
/// @param guidance classifier-free guidance
/// @param sampler the method
public record Sampling(VelocityField field, Flow flow, Guidance guidance, Sampler sampler) {
    /// Samples of consecutive numbers. A number's sample is the same whatever `first`, the labels of others, and the
    /// size of batches.
    ///
    /// @param seed of all samples
    /// @param first the number of the first sample
    /// @param labels one for each sample
    /// @param batch how many are computed at a time, at least 1
    public Samples keyed(long seed, long first, int[] labels, int batch, Progress progress) {
        int size = size();
        double[] values = new double[Math.multiplyExact(labels.length, size)];
        for (int row = 0; row < labels.length; row++) {
            System.arraycopy(new KeyedNoise(seed, first).start(row, size), 0, values, row * size, size);
        }
        return from(values, labels, new KeyedNoise(seed, first), batch, progress);
    }

    /// Samples from given noise.
    ///
    /// @param noise (N, C, H, W) in row-major order; not changed
    /// @param labels (N)
    /// @param increments draws of a stochastic sampler, by row of the noise
    /// @param batch how many are computed at a time, at least 1
    public Samples from(double[] noise, int[] labels, Increments increments, int batch, Progress progress) {
        int size = size();
        int n = labels.length;
        if (noise.length != Math.multiplyExact(n, size)) {
            throw new IllegalArgumentException("the noise has " + noise.length + " numbers, but " + n + " samples of "
                    + field.sample() + " need " + (long) n * size);
        }
        if (batch < 1) {
            throw new IllegalArgumentException("a batch has at least one sample, got " + batch);
        }
        double[] values = new double[noise.length];
        long[] evaluations = new long[n];
        for (int from = 0; from < n; from += batch) {
            int start = from;
            int count = Math.min(batch, n - from);
            Drift drift = new Drift(field, flow, guidance, Arrays.copyOfRange(labels, from, from + count));
            double[] x = Arrays.copyOfRange(noise, from * size, (from + count) * size);
            sampler.run(
                    drift,
                    x,
                    (row, step, length) -> increments.draw(start + row, step, length),
                    fraction -> progress.at((start + fraction * count) / n));
            System.arraycopy(x, 0, values, from * size, x.length);
            System.arraycopy(drift.evaluations(), 0, evaluations, from, count);
        }
        return new Samples(values, evaluations);
    }

    private int size() {
        return Math.toIntExact(field.sample().size());
    }
}

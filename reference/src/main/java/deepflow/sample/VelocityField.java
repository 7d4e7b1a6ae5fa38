package deepflow.sample;

import deepflow.tensor.Shape;

/// What a sampler follows: something that gives each sample of a batch a velocity.
public interface VelocityField {
    /// The shape of one sample: (C, H, W).
    Shape sample();

    /// The label that means "no class", for guidance.
    int nullLabel();

    /// The velocity of every sample; row i depends on the i-th sample, time and label alone.
    ///
    /// @param x samples (N, C, H, W) in row-major order; not changed
    /// @param t times (N), in [0, 1]
    /// @param labels (N)
    /// @return a new array (N, C, H, W)
    double[] velocity(double[] x, double[] t, int[] labels);
}

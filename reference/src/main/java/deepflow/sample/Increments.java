package deepflow.sample;

/// The Gaussian draws of a stochastic sampler.
@FunctionalInterface
public interface Increments {
    /// The draw ε ~ N(0, I) of one sample and one step.
    ///
    /// @param row the sample's place in the batch
    /// @param step from 0
    /// @param size C·H·W
    /// @return as many numbers; not changed by the sampler
    double[] draw(int row, int step, int size);
}

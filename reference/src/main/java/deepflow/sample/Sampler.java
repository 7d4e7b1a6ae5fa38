package deepflow.sample;

/// A way from noise at t = 1 to data at t = 0.
public sealed interface Sampler permits Euler, Heun, DormandPrince, EulerMaruyama {
    /// Moves a batch to t = 0.
    ///
    /// @param drift what it follows
    /// @param x the batch at t = 1; changed in place, and at t = 0 afterwards
    /// @param increments Gaussian draws; only a stochastic sampler asks for them
    void run(Drift drift, double[] x, Increments increments, Progress progress);

    /// How many draws it makes for each sample.
    default int draws() {
        return 0;
    }

    /// The number of steps, checked.
    ///
    /// @throws IllegalArgumentException if there are too few or absurdly many
    static void checkSteps(String sampler, int steps, int least) {
        if (steps < least || steps > 1 << 24) {
            throw new IllegalArgumentException(
                    "the " + sampler + " sampler takes " + least + " to " + (1 << 24) + " steps, got " + steps);
        }
    }
}

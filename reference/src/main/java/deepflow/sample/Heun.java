package deepflow.sample;

/// Heun's method for dx/dt = v(x, t), n equal steps from 1 to 0, second order:
///
/// x′ = x_i + Δt·v(x_i, t_i), x_{i+1} = x_i + Δt·(½·v(x_i, t_i) + ½·v(x′, t_{i+1})), t = linspace(1, 0, n + 1).
///
/// The last step is Euler's, so that the model is not evaluated at t = 0; its error there is O(Δt²), once, which
/// leaves the method at second order. Both evaluations of a step are guided when guidance applies at t_i, where the
/// step starts.
///
/// 2n − 1 model evaluations, without guidance.
///
/// @param steps n, at least 1
public record Heun(int steps) implements Sampler {
    /// @throws IllegalArgumentException if there is no step
    public Heun {
        Sampler.checkSteps("heun", steps, 1);
    }

    @Override
    public void run(Drift drift, double[] x, Increments increments, Progress progress) {
        double[] t = TimeGrid.linspace(1, 0, steps + 1);
        for (int i = 0; i < steps; i++) {
            double dt = t[i + 1] - t[i];
            double[] d = drift.ode(x, t[i], t[i]);
            double[] next = x.clone();
            for (int j = 0; j < x.length; j++) {
                next[j] += dt * d[j];
            }
            if (i < steps - 1) {
                double[] ahead = drift.ode(next, t[i + 1], t[i]);
                for (int j = 0; j < x.length; j++) {
                    next[j] = x[j] + dt * (0.5 * d[j] + 0.5 * ahead[j]);
                }
            }
            System.arraycopy(next, 0, x, 0, x.length);
            progress.at((i + 1.0) / steps);
        }
    }
}

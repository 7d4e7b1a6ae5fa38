package deepflow.sample;

/// Euler's method for dx/dt = v(x, t), n equal steps from 1 to 0, first order:
///
/// x_{i+1} = x_i + Δt·v(x_i, t_i), t = linspace(1, 0, n + 1), Δt = t_{i+1} − t_i.
///
/// n model evaluations, without guidance.
///
/// @param steps n, at least 1
public record Euler(int steps) implements Sampler {
    /// @throws IllegalArgumentException if there is no step
    public Euler {
        Sampler.checkSteps("euler", steps, 1);
    }

    @Override
    public void run(Drift drift, double[] x, Increments increments, Progress progress) {
        double[] t = TimeGrid.linspace(1, 0, steps + 1);
        for (int i = 0; i < steps; i++) {
            double dt = t[i + 1] - t[i];
            double[] d = drift.ode(x, t[i], t[i]);
            for (int j = 0; j < x.length; j++) {
                x[j] += dt * d[j];
            }
            progress.at((i + 1.0) / steps);
        }
    }
}

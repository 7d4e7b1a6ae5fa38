package deepflow.sample;

/// Euler–Maruyama for the SDE that has the marginals of the flow, run from noise to data, with diffusion w(t) = 2t:
///
/// x_{i+1} = x_i + d·Δt + √w·√|Δt|·ε, d = v − ½·w·s, t = linspace(1, 0.04, n) and then 0, Δt = t_{i+1} − t_i < 0.
///
/// The last step, from 0.04 to 0, adds no noise: the score is not evaluated below 0.04, where it is divided by almost
/// nothing. v and s are [Flow]'s; w is 2t on every path.
///
/// n model evaluations, without guidance, and n − 1 draws.
///
/// @param steps n, at least 2
public record EulerMaruyama(int steps) implements Sampler {
    private static final double LAST = 0.04;

    /// @throws IllegalArgumentException if there are fewer than two steps
    public EulerMaruyama {
        Sampler.checkSteps("sde", steps, 2);
    }

    @Override
    public int draws() {
        return steps - 1;
    }

    @Override
    public void run(Drift drift, double[] x, Increments increments, Progress progress) {
        double[] t = TimeGrid.linspace(1, LAST, steps);
        for (int i = 0; i < steps; i++) {
            boolean last = i == steps - 1;
            double dt = (last ? 0 : t[i + 1]) - t[i];
            double w = 2 * t[i];
            double[] d = drift.sde(x, t[i], w);
            for (int j = 0; j < x.length; j++) {
                x[j] += d[j] * dt;
            }
            if (!last) {
                addNoise(drift, x, Math.sqrt(w) * Math.sqrt(Math.abs(dt)), increments, i);
            }
            progress.at((i + 1.0) / steps);
        }
    }

    private static void addNoise(Drift drift, double[] x, double scale, Increments increments, int step) {
        int size = drift.size();
        for (int row = 0; row < drift.samples(); row++) {
            double[] e = increments.draw(row, step, size);
            for (int j = 0; j < size; j++) {
                x[row * size + j] += scale * e[j];
            }
        }
    }
}

package deepflow.train;

import deepflow.equation.FlowPath;
import deepflow.random.KeyedRandom;

/// The random numbers of training (SPEC §1–3, §6). Those of a sample have the key (seed, purpose,
/// position), position counting samples from the start of the run; the sign of the time gaps has (seed,
/// `time sign`, step). So a step's numbers depend on no other step, on no thread, and on no split of its
/// batch.
///
/// Purposes: `noise` (x₁), `time` (t₁, then u₁ … u_{k−1}), `label dropout`, `time sign`.
///
/// @param seed of the run
/// @param k branches
/// @param time law of t₁
/// @param path between data and noise; the lognormal law depends on it
/// @param alpha α, the largest gap between the times of neighbouring branches
/// @param dropout probability that a label is replaced by the null class
public record TrainingDraws(long seed, int k, TimeSampler time, FlowPath path, double alpha, double dropout) {
    /// @throws IllegalArgumentException if a number is out of its range
    public TrainingDraws {
        if (k < 1 || !(alpha >= 0 && alpha <= 1) || !(dropout >= 0 && dropout <= 1)) {
            throw new IllegalArgumentException(
                    "k must be at least 1, alpha and dropout from 0 to 1; got " + k + ", " + alpha + ", " + dropout);
        }
    }

    /// x₁ of a sample.
    ///
    /// @param into receives N(0, 1) numbers
    public void noise(long position, double[] into) {
        KeyedRandom.of(seed, "noise", position).gaussians(into);
    }

    /// t₁ … t_k of a sample: t_{i+1} = clip(t_i ± α·u_i, 0, 1), u_i ~ U(0, 1).
    ///
    /// @param sign of the step, [#sign]
    public double[] times(long position, int sign) {
        KeyedRandom random = KeyedRandom.of(seed, "time", position);
        double[] t = new double[k];
        t[0] = time.draw(random, path);
        for (int i = 1; i < k; i++) {
            t[i] = Math.clamp(t[i - 1] + sign * alpha * random.uniform(), 0, 1);
        }
        return t;
    }

    /// The sign of all time gaps of a step: +1 or −1, each with probability ½.
    ///
    /// @param step counted from 1
    public int sign(long step) {
        return KeyedRandom.of(seed, "time sign", step).sign();
    }

    /// A label as the model sees it.
    ///
    /// @param classes K, the null class
    public int label(long position, int label, int classes) {
        return KeyedRandom.of(seed, "label dropout", position).uniform() < dropout ? classes : label;
    }
}

package deepflow.train;

import deepflow.equation.FlowPath;
import deepflow.random.KeyedRandom;

/// The law of the training time t₁ (SPEC §1).
public enum TimeSampler {
    /// t ~ U(0, 1).
    UNIFORM {
        @Override
        public double draw(KeyedRandom random, FlowPath path) {
            return random.uniform();
        }
    },
    /// σ = eⁿ, n ~ N(0, 1); t = σ/(1 + σ), on the cosine path t = (2/π)·atan σ: the published runs'.
    LOGNORMAL {
        @Override
        public double draw(KeyedRandom random, FlowPath path) {
            double sigma = StrictMath.exp(random.gaussian());
            return switch (path) {
                case LINEAR -> sigma / (1 + sigma);
                case COSINE -> 2 / Math.PI * StrictMath.atan(sigma);
            };
        }
    };

    /// One time, in [0, 1].
    public abstract double draw(KeyedRandom random, FlowPath path);
}

package deepflow.equation;

import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;

/// How much data and how much noise a time holds: x_t = α(t)·x₀ + σ(t)·x₁ (SPEC §1). Every function takes t (N) to
/// (N); no gradient flows to t.
public enum FlowPath {
    /// α = 1 − t, σ = t: the paper's.
    LINEAR {
        @Override
        Tensor alpha(Backend b, Tensor t) {
            return b.subtract(b.full(t.shape(), 1), t);
        }

        @Override
        Tensor sigma(Backend b, Tensor t) {
            return t;
        }

        @Override
        Tensor alphaDerivative(Backend b, Tensor t) {
            return b.full(t.shape(), -1);
        }

        @Override
        Tensor sigmaDerivative(Backend b, Tensor t) {
            return b.full(t.shape(), 1);
        }

        @Override
        public At at(double t) {
            return new At(1 - t, t, -1, 1);
        }
    },
    /// α = cos(πt/2), σ = sin(πt/2).
    COSINE {
        @Override
        Tensor alpha(Backend b, Tensor t) {
            return b.cos(b.scale(t, Math.PI / 2));
        }

        @Override
        Tensor sigma(Backend b, Tensor t) {
            return b.sin(b.scale(t, Math.PI / 2));
        }

        @Override
        Tensor alphaDerivative(Backend b, Tensor t) {
            return b.scale(sigma(b, t), -Math.PI / 2);
        }

        @Override
        Tensor sigmaDerivative(Backend b, Tensor t) {
            return b.scale(alpha(b, t), Math.PI / 2);
        }

        @Override
        public At at(double t) {
            double alpha = StrictMath.cos(Math.PI / 2 * t);
            double sigma = StrictMath.sin(Math.PI / 2 * t);
            return new At(alpha, sigma, -Math.PI / 2 * sigma, Math.PI / 2 * alpha);
        }
    };

    /// A path at one time, for those who step through time on the host.
    ///
    /// @param alpha α(t)
    /// @param sigma σ(t)
    /// @param alphaDerivative dα/dt
    /// @param sigmaDerivative dσ/dt
    public record At(double alpha, double sigma, double alphaDerivative, double sigmaDerivative) {}

    /// The share of the data.
    abstract Tensor alpha(Backend b, Tensor t);

    /// The share of the noise.
    abstract Tensor sigma(Backend b, Tensor t);

    /// dα/dt.
    abstract Tensor alphaDerivative(Backend b, Tensor t);

    /// dσ/dt.
    abstract Tensor sigmaDerivative(Backend b, Tensor t);

    /// The four functions at one time, in float64 and the same bits everywhere.
    public abstract At at(double t);
}

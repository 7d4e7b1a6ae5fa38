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
    };

    /// The share of the data.
    abstract Tensor alpha(Backend b, Tensor t);

    /// The share of the noise.
    abstract Tensor sigma(Backend b, Tensor t);

    /// dα/dt.
    abstract Tensor alphaDerivative(Backend b, Tensor t);

    /// dσ/dt.
    abstract Tensor sigmaDerivative(Backend b, Tensor t);
}

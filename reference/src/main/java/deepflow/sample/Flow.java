package deepflow.sample;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;

/// From what a model was trained to predict, u, to the velocity v of the flow and to its score s = ∇log p_t
/// (SPEC §7).
///
/// - The model predicts dx_t/dt (target `derivative`, or any target on the linear path): v = u, and with r = α/α′ and
///   var = σ² − r·σ′·σ, s = (r·v − x)/var. On the linear path s = −(x + (1 − t)·v)/t.
/// - Target `difference` on the cosine path, u = x₁ − x₀: x̂₁ = (x + α·u)/(α + σ), x̂₀ = x̂₁ − u, and from them
///   v = α′·x̂₀ + σ′·x̂₁ and s = −x̂₁/σ.
///
/// @param path between data and noise
/// @param target of the model's training
public record Flow(FlowPath path, VelocityTarget target) {
    /// The paper's: linear path.
    public static final Flow LINEAR = new Flow(FlowPath.LINEAR, VelocityTarget.DIFFERENCE);

    /// What the drift of one sample is computed from: position x and prediction u, both numbers of one pixel.
    @FunctionalInterface
    interface Law {
        double drift(double x, double u);
    }

    /// The drift of the probability-flow ODE dx = v·dt at a time.
    Law ode(double t) {
        return switch (path) {
            case LINEAR -> (x, u) -> u;
            case COSINE ->
                switch (target) {
                    case DERIVATIVE -> (x, u) -> u;
                    case DIFFERENCE -> {
                        FlowPath.At p = path.at(t);
                        yield (x, u) -> {
                            double x1 = noise(p, x, u);
                            return p.alphaDerivative() * (x1 - u) + p.sigmaDerivative() * x1;
                        };
                    }
                };
        };
    }

    /// The drift of the SDE dx = (v − ½·w·s)·dt + √w·dW at a time t > 0, w the diffusion there.
    Law sde(double t, double w) {
        FlowPath.At p = path.at(t);
        return switch (path) {
            case LINEAR -> (x, u) -> u - 0.5 * w * (-(x + (1 - t) * u) / t);
            case COSINE ->
                switch (target) {
                    case DERIVATIVE -> {
                        double r = p.alpha() / p.alphaDerivative();
                        double variance = p.sigma() * p.sigma() - r * p.sigmaDerivative() * p.sigma();
                        yield (x, u) -> u - 0.5 * w * ((r * u - x) / variance);
                    }
                    case DIFFERENCE ->
                        (x, u) -> {
                            double x1 = noise(p, x, u);
                            double v = p.alphaDerivative() * (x1 - u) + p.sigmaDerivative() * x1;
                            return v - 0.5 * w * (-x1 / p.sigma());
                        };
                };
        };
    }

    private static double noise(FlowPath.At p, double x, double u) {
        return (x + p.alpha() * u) / (p.alpha() + p.sigma());
    }
}

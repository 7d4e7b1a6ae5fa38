package deepflow.equation;

/// What a velocity is trained towards (SPEC §1).
public enum VelocityTarget {
    /// V = x₁ − x₀ on every path: the published loss.
    DIFFERENCE,
    /// V = dx_t/dt = α′·x₀ + σ′·x₁: what the path implies. On the linear path the two are the same.
    DERIVATIVE
}

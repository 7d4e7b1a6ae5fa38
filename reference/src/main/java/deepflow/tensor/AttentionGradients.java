package deepflow.tensor;

/// Gradients of [Backend#attention] with respect to its inputs, in their shapes.
///
/// @param dq gradient of the queries (B, T, d)
/// @param dk gradient of the keys (B, S, d)
/// @param dv gradient of the values (B, S, d)
public record AttentionGradients(Tensor dq, Tensor dk, Tensor dv) {}

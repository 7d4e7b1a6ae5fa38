package deepflow.tensor;

/// What [Backend#attention] returns.
///
/// @param out softmax(scale·q·kᵀ)·v, shape (B, T, d) of the query
/// @param saved what the back end wants back in [Backend#attentionBackward]; opaque
public record Attended(Tensor out, Tensor saved) {}

package deepflow.tensor;

/// What [Backend#layerNorm] returns.
///
/// @param y the normalised rows, shape of the input
/// @param rstd one number per row, 1/√(variance + ε); shape of the input with its last extent 1
public record Normalized(Tensor y, Tensor rstd) {}

package deepflow.tensor;

/// Gradients of [Backend#addGated] with respect to what is gated and to the gate; that of the other summand is the
/// result's own.
///
/// @param dh gradient of what is gated (N, T, D)
/// @param dgate gradient of the gate (N, D)
public record GateGradients(Tensor dh, Tensor dgate) {}

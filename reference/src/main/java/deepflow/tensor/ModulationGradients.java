package deepflow.tensor;

/// Gradients of [Backend#modulate] with respect to its inputs, in their shapes.
///
/// @param dz gradient of what is modulated (N, T, D)
/// @param dshift gradient of the shift (N, D)
/// @param dscale gradient of the scale (N, D)
public record ModulationGradients(Tensor dz, Tensor dshift, Tensor dscale) {}

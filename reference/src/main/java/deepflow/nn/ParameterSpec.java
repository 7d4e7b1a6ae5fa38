package deepflow.nn;

import deepflow.tensor.Shape;

/// What is known of a parameter before it has values.
///
/// @param name full name, as in a state dict
/// @param shape extents, as in a state dict
/// @param initializer how it starts
/// @param trained whether it has a gradient; `pos_embed` has none
public record ParameterSpec(String name, Shape shape, Initializer initializer, boolean trained) {}

package deepflow.oracle.zoo;

import deepflow.tensor.Shape;
import java.util.List;

/// A tensor of a dump and those of the same shape that were written before it.
///
/// @param name in the dump
/// @param shape extents
/// @param before numbers of earlier tensors of the same family and shape, latest first
public record WrittenTensor(String name, Shape shape, List<double[]> before) {}

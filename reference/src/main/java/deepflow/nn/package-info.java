/// Modules with parameters: linear layers, LayerNorm, adaptive LayerNorm, attention, embedders, and how they are
/// initialised. A module is an immutable record of extents; it says which parameters it has
/// ([deepflow.nn.Module#declare]) and computes with those a [deepflow.nn.Context] finds under the module's path, so
/// that names are the published checkpoints' names.
///
/// The trace: a [deepflow.nn.Context] carries the path and reports every module's output to a
/// [deepflow.nn.TraceListener].
///
/// Not here: the equations of the paper (`deepflow.equation`), whole models (`deepflow.model`).
@NullMarked
package deepflow.nn;

import org.jspecify.annotations.NullMarked;

/// What everything numerical is made of: [deepflow.tensor.Tensor] (a shape, an element type and an opaque
/// storage) and [deepflow.tensor.Backend], the operations that read and write them.
///
/// The seam for devices runs through here. Above this room nobody touches an element: values enter by
/// [deepflow.tensor.Backend#upload] and leave by [deepflow.tensor.Backend#download]; back ends are found by
/// [deepflow.tensor.Backends].
///
/// Not here: kernels (`deepflow.cpu`), derivatives (`deepflow.autograd`), files (`deepflow.io`).
@NullMarked
package deepflow.tensor;

import org.jspecify.annotations.NullMarked;

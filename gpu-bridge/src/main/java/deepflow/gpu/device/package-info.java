/// One GPU as the bridge sees it: handles and stream ([deepflow.gpu.device.Device]), memory
/// ([deepflow.gpu.device.DeviceMemory]), the way of numbers in and out ([deepflow.gpu.device.Staging]), and
/// kernels from source to launch ([deepflow.gpu.device.Kernels]). Every status that CUDA returns is looked at
/// here ([deepflow.gpu.device.Status]).
///
/// Not here: tensors, shapes and operations (`deepflow.gpu`), several processes (`deepflow.gpu.parallel`).
@NullMarked
package deepflow.gpu.device;

import org.jspecify.annotations.NullMarked;

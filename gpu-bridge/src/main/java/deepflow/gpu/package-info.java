/// The reference's [deepflow.tensor.Backend] on an NVIDIA GPU: products by cuBLAS, softmax by cuDNN, everything
/// else by kernels of this project (`/deepflow/gpu/*.cu`), which NVRTC compiles when they are first needed.
/// Java reaches the libraries through the JavaCPP presets; there is no native code besides the kernels.
///
/// [deepflow.gpu.CudaBackend] hands each operation to the class beside it that knows the kernels or the library for
/// it ([deepflow.gpu.Operations] has them all); [deepflow.gpu.Tensors] knows who holds which memory. The CPU
/// reference is the judge of all of it.
///
/// Not here: handles, memory, compilation and launches (`deepflow.gpu.device`), several GPUs
/// (`deepflow.gpu.parallel`).
@NullMarked
package deepflow.gpu;

import org.jspecify.annotations.NullMarked;

package deepflow.gpu;

import deepflow.tensor.DType;

/// The conformance suite with every access of every kernel looked at: races between threads without a barrier, reads
/// of what nobody wrote, addresses outside of allocations. (On a real GPU `compute-sanitizer` does that.)
class CudaMemcheckConformanceTest extends CudaConformance {
    CudaMemcheckConformanceTest() {
        super(() -> Gpus.REAL ? Gpus.open(DType.F32) : Gpus.openChecked(DType.F32));
    }
}

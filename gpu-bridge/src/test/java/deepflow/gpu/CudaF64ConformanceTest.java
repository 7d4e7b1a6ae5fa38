package deepflow.gpu;

import deepflow.tensor.DType;

/// The float64 back end of a GPU against the naive float64 one.
class CudaF64ConformanceTest extends CudaConformance {
    CudaF64ConformanceTest() {
        super(() -> Gpus.open(DType.F64));
    }
}

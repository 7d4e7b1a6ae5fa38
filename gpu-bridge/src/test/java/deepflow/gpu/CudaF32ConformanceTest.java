package deepflow.gpu;

import deepflow.tensor.DType;

/// The float32 back end of a GPU against the naive float64 one.
class CudaF32ConformanceTest extends CudaConformance {
    CudaF32ConformanceTest() {
        super(() -> Gpus.open(DType.F32));
    }
}

package deepflow.cpu;

import deepflow.tensor.Accumulation;
import deepflow.tensor.BackendConformance;

/// The generated float32 CPU back end against the naive float64 one.
class CpuBackendF32Test extends BackendConformance {
    CpuBackendF32Test() {
        super(new CpuBackendF32(Accumulation.OWN, 2));
    }
}

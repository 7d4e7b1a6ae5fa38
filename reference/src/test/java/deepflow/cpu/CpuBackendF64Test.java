package deepflow.cpu;

import deepflow.tensor.Accumulation;
import deepflow.tensor.BackendConformance;

/// The float64 CPU back end against the naive one.
class CpuBackendF64Test extends BackendConformance {
    CpuBackendF64Test() {
        super(new CpuBackendF64(Accumulation.OWN, 2));
    }
}

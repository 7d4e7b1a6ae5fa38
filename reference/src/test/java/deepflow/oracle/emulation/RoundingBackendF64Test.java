package deepflow.oracle.emulation;

import deepflow.tensor.Backend;
import deepflow.tensor.BackendConformance;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;

/// Rounding to float64 changes nothing: the whole conformance suite holds.
class RoundingBackendF64Test extends BackendConformance {
    private static final Backend EXACT = Backends.open("cpu", DType.F64, 1);

    RoundingBackendF64Test() {
        super(new RoundingBackend(
                EXACT, EXACT, Arithmetic.uniform(FloatFormat.F64), Rounding.NEAREST, SummationOrder.AS_STORED, false));
    }
}

package deepflow.oracle.emulation;

import deepflow.tensor.Backend;
import deepflow.tensor.BackendConformance;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;

/// Rounding to float32 after each operation makes a float32 back end: the whole conformance suite holds.
class RoundingBackendF32Test extends BackendConformance {
    private static final Backend EXACT = Backends.open("cpu", DType.F64, 1);
    private static final Backend SUMS = Backends.open("cpu", DType.F32, 1);

    RoundingBackendF32Test() {
        super(new RoundingBackend(
                EXACT, SUMS, Arithmetic.uniform(FloatFormat.F32), Rounding.NEAREST, SummationOrder.AS_STORED, false));
    }
}

package deepflow.oracle.verification;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.NaiveBackend;
import java.util.function.Supplier;

/// Every back end the equations are checked on.
public enum TestBackends {
    NAIVE(NaiveBackend::new),
    CPU_F64(() -> Backends.open("cpu", DType.F64, 2)),
    CPU_F32(() -> Backends.open("cpu", DType.F32, 2));

    private final Supplier<Backend> open;

    TestBackends(Supplier<Backend> open) {
        this.open = open;
    }

    public Backend open() {
        return open.get();
    }
}

package deepflow.cpu;

import deepflow.tensor.Backend;
import deepflow.tensor.BackendProvider;
import deepflow.tensor.DType;

/// Offers device `cpu`.
public final class CpuProvider implements BackendProvider {
    /// For the service loader.
    public CpuProvider() {}

    @Override
    public String device() {
        return "cpu";
    }

    /// {@inheritDoc}
    ///
    /// @throws IllegalArgumentException if the type is not a floating one, or `threads` is less than 1
    @Override
    public Backend open(DType dtype, int threads) {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            throw new IllegalStateException(
                    "device cpu needs the Vector API: start Java with --add-modules jdk.incubator.vector");
        }
        return switch (dtype) {
            case F64 -> new CpuBackendF64(threads);
            case F32 -> new CpuBackendF32(threads);
            case I32 -> throw new IllegalArgumentException("device cpu computes in F64 or F32, got I32");
        };
    }
}

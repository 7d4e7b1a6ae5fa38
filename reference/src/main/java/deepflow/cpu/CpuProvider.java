package deepflow.cpu;

import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.BackendProvider;
import deepflow.tensor.DeviceFailure;
import deepflow.tensor.DeviceId;
import deepflow.tensor.DeviceInfo;
import deepflow.tensor.ProductPrecision;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Offers device `cpu`.
public final class CpuProvider implements BackendProvider {
    /// For the service loader.
    public CpuProvider() {}

    @Override
    public String device() {
        return DeviceId.CPU.kind();
    }

    @Override
    public List<DeviceInfo> devices() {
        requireVectors();
        Runtime jvm = Runtime.getRuntime();
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("processors", Integer.toString(jvm.availableProcessors()));
        properties.put("vectors", Machine.VECTORS ? Machine.VECTOR_BITS + " bits" : "none, scalar loops");
        return List.of(new DeviceInfo(
                DeviceId.CPU,
                System.getProperty("os.arch"),
                jvm.maxMemory(),
                Set.of(ProductPrecision.FULL),
                properties));
    }

    @Override
    public Backend open(int index, BackendOptions options) {
        requireVectors();
        if (index != 0) {
            throw new DeviceFailure("There is no device cpu:" + index + ": the CPU is one device, cpu.");
        }
        if (options.products() != ProductPrecision.FULL) {
            throw new DeviceFailure("Device cpu multiplies in full precision only, not in " + options.products()
                    + ": choose full, or a GPU.");
        }
        return switch (options.dtype()) {
            case F64 -> new CpuBackendF64(options.accumulation(), options.threads());
            case F32 -> new CpuBackendF32(options.accumulation(), options.threads());
            case I32 -> throw new IllegalArgumentException("back ends compute in F64 or F32, got I32");
        };
    }

    private static void requireVectors() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            throw new DeviceFailure(
                    "Device cpu needs the Vector API: start Java with --add-modules jdk.incubator.vector.");
        }
    }
}

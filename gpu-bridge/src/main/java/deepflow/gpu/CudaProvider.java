package deepflow.gpu;

import deepflow.gpu.device.Device;
import deepflow.gpu.device.KernelCache;
import deepflow.gpu.device.Libraries;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.BackendProvider;
import deepflow.tensor.DeviceFailure;
import deepflow.tensor.DeviceId;
import deepflow.tensor.DeviceInfo;
import deepflow.tensor.ProductPrecision;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;

/// Offers devices `cuda`: the NVIDIA GPUs of this machine.
public final class CudaProvider implements BackendProvider {
    private static final String KIND = "cuda";

    /// For the service loader.
    public CudaProvider() {}

    @Override
    public String device() {
        return KIND;
    }

    @Override
    public List<DeviceInfo> devices() {
        Libraries.load();
        int count = Device.count();
        if (count == 0) {
            throw new DeviceFailure("NVIDIA's driver is installed, but it sees no GPU: look at nvidia-smi, and at"
                    + " CUDA_VISIBLE_DEVICES.");
        }
        return IntStream.range(0, count)
                .mapToObj(i -> {
                    Device.Facts facts = Device.facts(i);
                    return new DeviceInfo(
                            new DeviceId(KIND, i),
                            facts.name(),
                            facts.memory(),
                            EnumSet.allOf(ProductPrecision.class),
                            facts.properties());
                })
                .toList();
    }

    @Override
    public Backend open(int index, BackendOptions options) {
        Libraries.load();
        return new CudaBackend(index, options, KernelCache.ofUser());
    }
}

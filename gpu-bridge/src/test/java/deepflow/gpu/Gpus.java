package deepflow.gpu;

import deepflow.gpu.device.KernelCache;
import deepflow.gpu.simulator.Simulator;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import deepflow.tensor.ProductPrecision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where tests find a GPU: simulated, or one of this machine if the system property `deepflow.gpu` is `real`.
final class Gpus {
    /// Whether the tests run on a real GPU.
    static final boolean REAL = "real".equals(System.getProperty("deepflow.gpu"));

    private static final long MEMORY = 2L << 30;

    private Gpus() {}

    /// The simulator, as after a start: two devices, deferred streams, nothing allocated. Nothing that was
    /// opened before may be used any more.
    static Simulator simulator() {
        return Simulator.install()
                .devices(2)
                .memory(MEMORY)
                .deferred(true)
                .memcheck(false)
                .reset();
    }

    /// Compiled kernels, kept from run to run; of another build of the simulator they are others.
    static KernelCache cache() {
        return cache("kernels");
    }

    private static KernelCache cache(String name) {
        Path target = Path.of("target").toAbsolutePath();
        if (REAL) {
            return new KernelCache(target.resolve(name + "-of-nvrtc"));
        }
        try {
            Path library = Simulator.install().directory().resolve("libcudasim.so");
            return new KernelCache(target.resolve(
                    name + "-of-simulator-" + Files.getLastModifiedTime(library).toMillis()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Device 0, products in full precision.
    static CudaBackend open(DType type) {
        return open(0, type, ProductPrecision.FULL);
    }

    /// Device 0 with kernels whose every access is looked at, on a simulator that was told so.
    static CudaBackend openChecked(DType type) {
        Simulator.install().memcheck(true);
        return new CudaBackend(0, BackendOptions.of(type, 1), cache("checked-kernels"));
    }

    static CudaBackend open(int index, DType type, ProductPrecision products) {
        return new CudaBackend(index, new BackendOptions(type, products, 1), cache());
    }
}

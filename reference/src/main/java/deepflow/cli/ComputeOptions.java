package deepflow.cli;

import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import deepflow.tensor.ProductPrecision;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// In which precision and on which device this program computes, for commands that compute; added with `@Mixin`.
public final class ComputeOptions {
    /// The choices of `--compute`.
    enum Compute {
        /// float64: the oracle's precision.
        F64,
        /// float32: faster, about 1e-6 off.
        F32;

        DType dtype() {
            return this == F64 ? DType.F64 : DType.F32;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--compute",
            paramLabel = "f64|f32",
            defaultValue = "f64",
            description = "Precision to compute in (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Compute compute;

    @Mixin
    private final DeviceOptions device = new DeviceOptions();

    /// The floating type to compute in.
    public DType dtype() {
        return compute.dtype();
    }

    /// Opens the device's back end in this precision.
    ///
    /// @param threads CPU threads, at least 1
    Backend open(int threads) {
        return device.open(compute.dtype(), threads);
    }

    /// The same with products in another precision.
    Backend open(ProductPrecision products, int threads) {
        return device.open(new BackendOptions(compute.dtype(), products, threads));
    }

    /// The device.
    DeviceId device() {
        return device.id();
    }
}

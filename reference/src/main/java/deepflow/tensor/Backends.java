package deepflow.tensor;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Finds back ends by device.
public final class Backends {
    private Backends() {}

    /// Opens a back end of a device.
    ///
    /// Providers are looked at in the order of the class path and only as far as needed, so that work on the
    /// CPU loads no class of another device.
    ///
    /// @throws DeviceFailure if no module offers that kind of device (the message lists those that are there), or
    ///     the device cannot be used on this machine, or not so
    public static Backend open(DeviceId device, BackendOptions options) {
        if (options.dtype() == DType.F64 && options.products() != ProductPrecision.FULL) {
            throw new DeviceFailure(
                    "Products in " + options.products() + " belong to a computation in f32, not in f64.");
        }
        return providers()
                .filter(p -> p.device().equals(device.kind()))
                .findFirst()
                .orElseThrow(() -> new DeviceFailure("No module on the class path computes on device '"
                        + device.kind() + "'; there is: "
                        + providers().map(BackendProvider::device).sorted().collect(Collectors.joining(", ")) + "."))
                .open(device.index(), options);
    }

    /// Opens a back end that multiplies in full precision.
    ///
    /// @param device as in `--device`: `cpu`, `cuda:1`
    /// @param dtype floating type to compute in
    /// @param threads CPU threads to use, at least 1
    /// @throws IllegalArgumentException if the text names no device, the type is not a floating one, or there is no
    ///     thread
    /// @throws DeviceFailure as above
    public static Backend open(String device, DType dtype, int threads) {
        return open(DeviceId.parse(device), BackendOptions.of(dtype, threads));
    }

    /// All there are, in the order of the class path.
    public static List<BackendProvider> all() {
        return providers().toList();
    }

    private static Stream<BackendProvider> providers() {
        return ServiceLoader.load(BackendProvider.class).stream().map(ServiceLoader.Provider::get);
    }
}

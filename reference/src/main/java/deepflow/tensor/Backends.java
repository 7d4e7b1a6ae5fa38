package deepflow.tensor;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/// Finds back ends by device name.
public final class Backends {
    private Backends() {}

    /// Opens a back end of a device.
    ///
    /// @param device as in `--device`: `cpu`
    /// @param dtype floating type to compute in
    /// @param threads CPU threads to use, at least 1
    /// @throws IllegalArgumentException if no module offers that device; the message lists those that are there
    /// @throws IllegalStateException if the device cannot be used on this machine
    public static Backend open(String device, DType dtype, int threads) {
        List<BackendProvider> all = ServiceLoader.load(BackendProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        return all.stream()
                .filter(p -> p.device().equals(device))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no device '" + device + "'; known: "
                        + all.stream().map(BackendProvider::device).sorted().collect(Collectors.joining(", "))))
                .open(dtype, threads);
    }
}

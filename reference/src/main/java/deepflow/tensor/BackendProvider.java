package deepflow.tensor;

/// How a module offers its back end: one implementation per module, listed in
/// `META-INF/services/deepflow.tensor.BackendProvider`.
public interface BackendProvider {
    /// The device's name, as in `--device`: `cpu`, `cuda`.
    String device();

    /// Opens a back end.
    ///
    /// @param dtype floating type to compute in
    /// @param threads CPU threads to use, at least 1
    /// @throws IllegalStateException if the device cannot be used here; the message says why and what to do
    Backend open(DType dtype, int threads);
}

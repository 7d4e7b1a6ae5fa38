package deepflow.tensor;

import java.util.List;

/// How a module offers its back end: one implementation per module, listed in
/// `META-INF/services/deepflow.tensor.BackendProvider`.
///
/// Making a provider costs nothing: it loads no library and looks for no device before [#devices] or [#open] is called.
public interface BackendProvider {
    /// The kind of its devices, as in `--device`: `cpu`, `cuda`.
    String device();

    /// The devices that can be used on this machine, in the order of their indices; at least one.
    ///
    /// @throws DeviceFailure if there is none; the sentence says which library, driver or device is missing
    List<DeviceInfo> devices();

    /// Opens a back end.
    ///
    /// @param index which of the devices, from 0
    /// @throws DeviceFailure if there is no such device, or it cannot do what the options ask for
    Backend open(int index, BackendOptions options);
}

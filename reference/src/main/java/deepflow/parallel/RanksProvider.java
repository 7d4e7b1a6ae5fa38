package deepflow.parallel;

import deepflow.tensor.Backend;

/// How a module offers to connect back ends of its devices directly, listed in
/// `META-INF/services/deepflow.parallel.RanksProvider`. Devices without one are connected by [TcpRanks].
public interface RanksProvider {
    /// The kind of devices, as in `--device`: `cuda`.
    String device();

    /// Connects this process's back end with those of the others.
    ///
    /// @param star over which they met; closed with the result
    /// @throws RanksFailure if they cannot be connected
    Ranks connect(Backend b, Star star);
}

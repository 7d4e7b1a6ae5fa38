package deepflow.gpu.parallel;

import deepflow.parallel.Ranks;
import deepflow.parallel.RanksProvider;
import deepflow.parallel.Star;
import deepflow.tensor.Backend;

/// Offers to connect devices `cuda`.
public final class NcclProvider implements RanksProvider {
    /// For the service loader.
    public NcclProvider() {}

    @Override
    public String device() {
        return "cuda";
    }

    /// {@inheritDoc}
    ///
    /// @throws deepflow.tensor.DeviceFailure if NCCL is missing or refuses
    @Override
    public Ranks connect(Backend b, Star star) {
        return NcclRanks.connect(Nccl.load(), star);
    }
}

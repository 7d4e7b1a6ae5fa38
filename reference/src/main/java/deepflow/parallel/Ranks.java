package deepflow.parallel;

import deepflow.tensor.Backend;
import deepflow.tensor.DeviceId;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.ServiceLoader;

/// The processes that train one model together, seen from one of them.
///
/// All ranks do the same calls in the same order; a call returns when all have made it.
public interface Ranks extends AutoCloseable {
    /// One process that trains alone.
    Ranks ALONE = new Ranks() {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int count() {
            return 1;
        }

        @Override
        public List<Tensor> gather(Backend b, Tensor x) {
            return List.of(x);
        }

        @Override
        public void fail(String sentence) {}

        @Override
        public void close() {}
    };

    /// Connects ranks that have met: directly where a module offers that for their devices, else by [TcpRanks].
    ///
    /// @param device of `b`
    /// @throws RanksFailure if they cannot be connected
    static Ranks of(Star star, DeviceId device, Backend b) {
        return ServiceLoader.load(RanksProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(p -> p.device().equals(device.kind()))
                .findFirst()
                .map(p -> p.connect(b, star))
                .orElseGet(() -> new TcpRanks(star));
    }

    /// Which one this process is, from 0. Rank 0 writes the run's files.
    int rank();

    /// How many there are.
    int count();

    /// What every rank calls this with, in the order of ranks.
    ///
    /// @param b the back end of `x`, and of the results
    /// @param x of the same shape on all ranks, of type [Backend#dtype]
    /// @throws RanksFailure if another rank stopped or is gone
    List<Tensor> gather(Backend b, Tensor x);

    /// Makes sure that what was gathered so far, and computed from it, is right: where gathering returns
    /// before all is there, a failure may come to light later. To be called after a [Backend#download], before
    /// what was computed is kept.
    ///
    /// @throws RanksFailure if another rank stopped or is gone
    default void check() {}

    /// Tells the others that this one cannot go on: what they gather next fails with this sentence.
    void fail(String sentence);

    @Override
    void close();
}

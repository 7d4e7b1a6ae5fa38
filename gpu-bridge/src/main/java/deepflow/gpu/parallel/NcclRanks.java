package deepflow.gpu.parallel;

import deepflow.gpu.CudaBackend;
import deepflow.parallel.Ranks;
import deepflow.parallel.RanksFailure;
import deepflow.parallel.Star;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Ranks whose GPUs are connected by NCCL. Gathering is put on the back end's stream and returns at once.
///
/// A rank that ends leaves the others' gatherings waiting for ever. So each rank watches the TCP connections
/// over which they met: when another ends, it aborts its communicator, and [#gather] and [#check] throw.
public final class NcclRanks implements Ranks {
    private final Star star;
    private final Nccl nccl;
    private final Nccl.Communicator communicator;
    private @Nullable String failure;
    private boolean ended;

    private NcclRanks(Star star, Nccl nccl, Nccl.Communicator communicator) {
        this.star = star;
        this.nccl = nccl;
        this.communicator = communicator;
    }

    /// Connects the back ends of ranks that have met.
    static NcclRanks connect(Nccl nccl, Star star) {
        boolean first = star.world().rank() == 0;
        byte[] id =
                star.exchange(first ? nccl.uniqueId() : new byte[Nccl.ID_BYTES]).getFirst();
        Nccl.Communicator c = nccl.join(id, star.world().size(), star.world().rank());
        NcclRanks ranks = new NcclRanks(star, nccl, c);
        star.watch(ranks::failed);
        return ranks;
    }

    /// Another rank ended; called by the watching thread.
    private synchronized void failed(String sentence) {
        if (failure == null) {
            failure = sentence;
            end(true);
        }
    }

    private synchronized void end(boolean abort) {
        if (!ended) {
            ended = true;
            if (abort) {
                nccl.abort(communicator);
            } else {
                nccl.destroy(communicator);
            }
        }
    }

    @Override
    public int rank() {
        return star.world().rank();
    }

    @Override
    public int count() {
        return star.world().size();
    }

    @Override
    public List<Tensor> gather(Backend b, Tensor x) {
        if (!(b instanceof CudaBackend cuda)) {
            throw new IllegalArgumentException("NCCL connects GPUs, got a back end " + b.name());
        }
        int size = Math.toIntExact(x.shape().size());
        Tensor all = b.full(Shape.of(count(), size), 0);
        synchronized (this) {
            requireAll();
            nccl.allGather(communicator, cuda.address(x), cuda.address(all), size, b.dtype(), cuda.stream());
        }
        List<Tensor> parts = new ArrayList<>();
        for (int r = 0; r < count(); r++) {
            parts.add(b.slice(all, 0, r, r + 1).reshape(x.shape()));
        }
        b.release(all);
        return parts;
    }

    @Override
    public synchronized void check() {
        requireAll();
        nccl.check(communicator);
    }

    private void requireAll() {
        if (failure != null) {
            throw new RanksFailure(failure);
        }
    }

    @Override
    public void fail(String sentence) {
        star.fail(sentence);
        end(true);
    }

    @Override
    public void close() {
        end(false);
        star.close();
    }
}

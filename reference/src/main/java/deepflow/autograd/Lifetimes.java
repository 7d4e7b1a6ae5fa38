package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Storage;
import deepflow.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;

/// Which storages a tape still needs: how many of its values and gradients lie in each. What nobody needs any more
/// is given back to the back end, so that a backward pass takes no more memory than its forward left behind.
final class Lifetimes {
    private final Backend backend;
    private final Map<Storage, Integer> holders = new IdentityHashMap<>();

    Lifetimes(Backend backend) {
        this.backend = backend;
    }

    /// One more value or gradient lies here.
    void hold(Tensor x) {
        holders.merge(x.storage(), 1, Integer::sum);
    }

    /// One less.
    void drop(Tensor x) {
        Integer others = holders.computeIfPresent(x.storage(), (s, n) -> n == 1 ? null : n - 1);
        if (others == null) {
            backend.release(x);
        }
    }

    /// A tensor that was computed but is no value and no gradient.
    void discard(Tensor x) {
        if (!holders.containsKey(x.storage())) {
            backend.release(x);
        }
    }
}

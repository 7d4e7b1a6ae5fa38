package deepflow.cost;

import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What was made, read and written, operation by operation, and what it comes to. Its time is the number of
/// operations so far.
final class Ledger {
    private final List<MetaStorage> all = new ArrayList<>();
    private final Map<Product, Long> products = new LinkedHashMap<>();
    private Purpose purpose = Purpose.ACTIVATIONS;
    private int now;
    private long traffic;

    /// The cost of all operations so far.
    Cost cost() {
        long[] change = new long[now + 2];
        for (MetaStorage s : all) {
            change[s.born()] += s.bytes();
            change[s.used() + 1] -= s.bytes();
        }
        long live = 0;
        long most = -1;
        int at = 0;
        for (int t = 0; t <= now; t++) {
            live += change[t];
            if (live > most) {
                most = live;
                at = t;
            }
        }
        Map<Purpose, Long> peak = new EnumMap<>(Purpose.class);
        for (MetaStorage s : all) {
            if (s.born() <= at && at <= s.used()) {
                peak.merge(s.purpose(), s.bytes(), Long::sum);
            }
        }
        long multiplyAdds = 0;
        for (Map.Entry<Product, Long> e : products.entrySet()) {
            multiplyAdds =
                    Math.addExact(multiplyAdds, Math.multiplyExact(e.getKey().multiplyAdds(), e.getValue()));
        }
        return new Cost(multiplyAdds, traffic, peak);
    }

    /// The products so far, and how often each was asked for; a view.
    Map<Product, Long> products() {
        return Collections.unmodifiableMap(products);
    }

    void count(Product p) {
        products.merge(p, 1L, Long::sum);
    }

    /// Says what tensors are for that are made from now on, until [#serve] says it of one.
    void begin(Purpose of) {
        purpose = of;
    }

    /// An operation that reads these, those that are there.
    void read(@Nullable Tensor... arguments) {
        now++;
        for (Tensor x : arguments) {
            if (x != null) {
                use(x);
                traffic += storage(x).bytes();
            }
        }
    }

    /// A tensor that the operation makes.
    Tensor write(Shape shape, DType type) {
        MetaStorage s = new MetaStorage(shape.size(), Math.multiplyExact(shape.size(), type.bytes()), purpose, now);
        all.add(s);
        traffic += s.bytes();
        return new Tensor(shape, type, s);
    }

    /// An operation that reads all, and writes the first ones.
    void change(int written, Tensor... tensors) {
        read(tensors);
        for (int i = 0; i < written; i++) {
            traffic += storage(tensors[i]).bytes();
        }
    }

    /// Says that a tensor is in use, without reading it.
    void use(Tensor x) {
        storage(x).use(now);
    }

    /// Ends the tensor's life.
    void release(Tensor x) {
        storage(x).release(now);
    }

    /// Says what a tensor is for.
    void serve(Purpose of, Tensor x) {
        storage(x).serve(of);
    }

    /// Says that tensors were held until now, and for what.
    void hold(Purpose held, Collection<Tensor> tensors) {
        for (Tensor x : tensors) {
            use(x);
            serve(held, x);
        }
    }

    /// Memory beside tensors, in use for a moment.
    void pass(long bytes) {
        now++;
        all.add(new MetaStorage(0, bytes, Purpose.TRANSIENTS, now));
    }

    private static MetaStorage storage(Tensor x) {
        if (x.storage() instanceof MetaStorage s) {
            return s;
        }
        throw new IllegalArgumentException("tensor " + x.shape() + " belongs to another back end");
    }
}

package deepflow.cpu;

import deepflow.tensor.Arenas;
import org.jspecify.annotations.Nullable;

/// The elements of a floating tensor.
final class BufferF64 implements Arenas.Freeable {
    private final int size;
    private final PoolF64 pool;
    private double @Nullable [] values;

    /// @param pool takes the array when it is freed
    BufferF64(double[] values, PoolF64 pool) {
        this.size = values.length;
        this.values = values;
        this.pool = pool;
    }

    @Override
    public long size() {
        return size;
    }

    /// @throws IllegalStateException after [#free]
    double[] values() {
        double[] v = values;
        if (v == null) {
            throw new IllegalStateException("a tensor of " + size + " elements was freed when its arena closed");
        }
        return v;
    }

    /// Whoever takes the array keeps it; for everybody else the tensor is freed.
    void taken() {
        values = null;
    }

    @Override
    public void free() {
        double[] v = values;
        if (v != null) {
            values = null;
            pool.give(v);
        }
    }
}

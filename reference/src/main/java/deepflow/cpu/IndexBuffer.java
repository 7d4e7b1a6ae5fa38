package deepflow.cpu;

import deepflow.tensor.Arenas;
import org.jspecify.annotations.Nullable;

/// The elements of an index tensor.
final class IndexBuffer implements Arenas.Freeable {
    private final int size;
    private int @Nullable [] values;

    IndexBuffer(int[] values) {
        this.size = values.length;
        this.values = values;
    }

    @Override
    public long size() {
        return size;
    }

    /// @throws IllegalStateException after [#free]
    int[] values() {
        int[] v = values;
        if (v == null) {
            throw new IllegalStateException("a tensor of " + size + " indices was freed when its arena closed");
        }
        return v;
    }

    @Override
    public void free() {
        values = null;
    }
}

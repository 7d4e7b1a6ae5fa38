package deepflow.gpu;

import deepflow.tensor.Arenas;
import org.jspecify.annotations.Nullable;

/// The elements of a tensor on a GPU, until they are freed.
final class DeviceStorage implements Arenas.Freeable {
    private final long size;
    private final Tensors.@Nullable Range range;
    private Tensors.@Nullable Holding holding;

    /// @param size number of elements
    /// @param range of the elements, where they are indices
    DeviceStorage(long size, Tensors.@Nullable Range range) {
        this.size = size;
        this.range = range;
    }

    @Override
    public long size() {
        return size;
    }

    /// What it holds of the device's memory; null once freed.
    Tensors.@Nullable Holding holding() {
        return holding;
    }

    void hold(Tensors.Holding memory) {
        holding = memory;
    }

    @Override
    public void free() {
        if (holding != null) {
            holding.free();
            holding = null;
        }
    }

    /// The smallest and the largest index; null where the elements are none.
    Tensors.@Nullable Range range() {
        return range;
    }
}

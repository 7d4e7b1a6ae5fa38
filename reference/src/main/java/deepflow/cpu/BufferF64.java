package deepflow.cpu;

import org.jspecify.annotations.Nullable;

/// The elements of a floating tensor.
final class BufferF64 implements Arenas.Freeable {
    private final int size;
    private double @Nullable [] values;

    BufferF64(double[] values) {
        this.size = values.length;
        this.values = values;
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

    @Override
    public void free() {
        values = null;
    }
}

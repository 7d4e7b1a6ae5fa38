package deepflow.cost;

import deepflow.tensor.Storage;

/// Memory that is only counted: when it was taken, for what, and when it was last of use.
final class MetaStorage implements Storage {
    private final long size;
    private final long bytes;
    private final int born;
    private Purpose purpose;
    private int used;
    private boolean released;

    MetaStorage(long size, long bytes, Purpose purpose, int now) {
        this.size = size;
        this.bytes = bytes;
        this.purpose = purpose;
        this.born = now;
        this.used = now;
    }

    @Override
    public long size() {
        return size;
    }

    long bytes() {
        return bytes;
    }

    Purpose purpose() {
        return purpose;
    }

    void serve(Purpose other) {
        purpose = other;
    }

    int born() {
        return born;
    }

    /// The last moment at which it is needed.
    int used() {
        return used;
    }

    /// @throws IllegalStateException if it was given up before
    void use(int now) {
        if (released) {
            throw new IllegalStateException("a tensor of " + size + " elements is used after its release");
        }
        used = now;
    }

    void release(int now) {
        used = now;
        released = true;
    }
}

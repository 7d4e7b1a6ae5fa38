package deepflow.oracle.emulation;

import deepflow.tensor.Storage;
import deepflow.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A tensor of the back end underneath, whose elements are numbers of a type.
final class RoundedStorage implements Storage {
    private Tensor value;
    private final @Nullable FloatFormat format;
    private @Nullable Tensor accurate;

    /// @param format null for a constant that takes the type of what it meets
    /// @param accurate the value before it was rounded, where a backward operation computes with that; else null
    RoundedStorage(Tensor value, @Nullable FloatFormat format, @Nullable Tensor accurate) {
        this.value = value;
        this.format = format;
        this.accurate = accurate;
    }

    Tensor value() {
        return value;
    }

    @Nullable
    FloatFormat format() {
        return format;
    }

    /// What a backward operation computes with.
    Tensor accurate() {
        return accurate == null ? value : accurate;
    }

    /// Puts other elements in the place of these: what "in place" means here.
    void become(Tensor other) {
        value = other;
        accurate = null;
    }

    @Override
    public long size() {
        return value.size();
    }
}

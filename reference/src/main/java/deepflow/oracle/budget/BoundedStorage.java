package deepflow.oracle.budget;

import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Storage;
import deepflow.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A value, how far another computation of it may be off element by element, and the type that one has it in.
///
/// @param value on the back end underneath
/// @param bound of the value's size, in row-major order; null where there is no error
/// @param format null for a constant that takes the type of what it meets
/// @param magnitude the last operation with all its terms positive, for the condition; null where that is |value|. Of a
///     LayerNorm's 1/√variance, whose condition nobody asks for, |mean|/√variance, which its backward needs
record BoundedStorage(
        Tensor value,
        @Nullable UpperValues bound,
        @Nullable FloatFormat format,
        @Nullable UpperValues magnitude) implements Storage {
    @Override
    public long size() {
        return value.size();
    }
}

package deepflow.io.mapping;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What becomes of tensors whose names fit: they are dropped, or renamed, rearranged, joined, split and multiplied, in
/// this order.
///
/// @param from patterns of the foreign names; several are joined
/// @param to patterns of our names; several are split into; empty: the tensor is dropped
/// @param layout how each tensor of `from` is rearranged; null: as it is
/// @param axis along which they are joined or split, from the last where negative
/// @param factor what all elements are multiplied by
record Rule(
        List<NamePattern> from,
        List<NamePattern> to,
        @Nullable Layout layout,
        int axis,
        double factor) {
    /// Whether elements are what the file has, in its order.
    boolean renamesOnly() {
        return from.size() == 1 && to.size() == 1 && layout == null && factor == 1;
    }
}

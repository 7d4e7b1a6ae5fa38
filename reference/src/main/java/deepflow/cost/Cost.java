package deepflow.cost;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/// What a computation costs.
///
/// @param multiplyAdds of all its products: matrix products, linear layers and attention
/// @param traffic bytes that its operations read and write, each argument and each result once: what passes between
///     memory and processor if nothing stays in a cache
/// @param peak bytes of memory when most of it is in use, by purpose
public record Cost(long multiplyAdds, long traffic, Map<Purpose, Long> peak) {
    /// Makes the map unmodifiable, in the order of [Purpose].
    public Cost {
        Map<Purpose, Long> ordered = new EnumMap<>(Purpose.class);
        ordered.putAll(peak);
        peak = Collections.unmodifiableMap(ordered);
    }

    /// Floating-point operations: two for each multiply-add, nothing for all else.
    public long flops() {
        return 2 * multiplyAdds;
    }

    /// Bytes of memory when most of it is in use.
    public long peakBytes() {
        return peak.values().stream().mapToLong(Long::longValue).sum();
    }
}

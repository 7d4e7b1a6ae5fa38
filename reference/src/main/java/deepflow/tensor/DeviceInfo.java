package deepflow.tensor;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// What is known of a device without computing on it.
///
/// @param id which it is
/// @param name as its maker calls it
/// @param memory bytes that tensors may take
/// @param products what it can round the factors of matrix products to
/// @param properties what else there is to know, for people, in the order to show it: `compute capability` → `9.0`
public record DeviceInfo(
        DeviceId id, String name, long memory, Set<ProductPrecision> products, Map<String, String> properties) {
    /// Copies set and map.
    public DeviceInfo {
        products = Set.copyOf(products);
        properties = Collections.unmodifiableMap(new LinkedHashMap<>(properties));
    }
}

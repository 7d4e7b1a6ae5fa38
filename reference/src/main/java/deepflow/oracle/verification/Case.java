package deepflow.oracle.verification;

import java.util.LinkedHashMap;
import java.util.Map;

/// One set of arguments of an equation.
///
/// @param options what is not a number in a tensor, by name
/// @param values tensors by name: inputs under `in.`, parameters under `weight.` and their published names
public record Case(Map<String, String> options, Map<String, Values> values) {
    /// Copies both maps.
    public Case {
        options = Map.copyOf(options);
        values = Map.copyOf(values);
    }

    /// The same with one tensor replaced.
    public Case with(String name, Values value) {
        Map<String, Values> changed = new LinkedHashMap<>(values);
        changed.put(name, value);
        return new Case(options, changed);
    }
}

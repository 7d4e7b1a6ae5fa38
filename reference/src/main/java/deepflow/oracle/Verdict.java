package deepflow.oracle;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// What the oracle says of one dump.
///
/// @param result the judgement, tensor by tensor
/// @param histograms the errors of every compared tensor by name; empty if they were not asked for
public record Verdict(CheckResult result, Map<String, ErrorHistogram> histograms) {
    /// Copies the map.
    public Verdict {
        histograms = Collections.unmodifiableMap(new TreeMap<>(histograms));
    }
}

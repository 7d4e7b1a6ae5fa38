package deepflow.tensor;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which device: a kind, and which of its kind, as PyTorch writes it: `cpu`, `cuda`, `cuda:1`.
///
/// @param kind what a [BackendProvider] offers: lower-case letters and digits, beginning with a letter
/// @param index which of its kind, from 0
public record DeviceId(String kind, int index) {
    private static final Pattern KIND = Pattern.compile("[a-z][a-z0-9]*");
    private static final Pattern FORM = Pattern.compile("(" + KIND + ")(?::([0-9]{1,4}))?");

    /// The CPU.
    public static final DeviceId CPU = new DeviceId("cpu", 0);

    /// @throws IllegalArgumentException if `kind` is no name, or `index` is negative
    public DeviceId {
        if (index < 0 || !KIND.matcher(kind).matches()) {
            throw new IllegalArgumentException("no device: kind '" + kind + "', index " + index);
        }
    }

    /// Reads a device; without an index it is the first of its kind.
    ///
    /// @throws IllegalArgumentException if it is none; one sentence without full stop
    public static DeviceId parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException("a device is cpu, cuda or cuda:1, got '" + text + "'");
        }
        return new DeviceId(m.group(1), m.group(2) == null ? 0 : Integer.parseInt(m.group(2)));
    }

    /// `cpu`, or `cuda:0`: what [#parse] reads.
    @Override
    public String toString() {
        return equals(CPU) ? kind : kind + ":" + index;
    }
}

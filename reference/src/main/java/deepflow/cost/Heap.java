package deepflow.cost;

import deepflow.tensor.Backend;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/// The memory that this JVM, or a device, may use, and what does not fit into it.
public final class Heap {
    private static final double MIB = 1L << 20;
    private static final double GIB = 1L << 30;

    private Heap() {}

    /// One sentence if a computation needs more than the heap can be; it is said before the computation starts.
    ///
    /// @param bytes what it needs
    /// @param subject what needs it, the beginning of the sentence
    /// @param advice how to need less, before "or more memory"
    public static Optional<String> shortage(long bytes, String subject, String advice) {
        return shortage(bytes, Runtime.getRuntime().maxMemory(), subject, advice);
    }

    /// The same for a computation on a back end, whose device may have a memory of its own.
    ///
    /// @param b where it is to run
    public static Optional<String> shortage(Backend b, long bytes, String subject, String advice) {
        OptionalLong device = b.memory();
        if (device.isEmpty()) {
            return shortage(bytes, subject, advice);
        }
        if (bytes <= device.getAsLong()) {
            return Optional.empty();
        }
        return Optional.of(String.format(
                Locale.ROOT,
                "%s needs about %s of memory, %s has %s free; %s or a larger device would help.",
                subject,
                size(bytes),
                b.name(),
                size(device.getAsLong()),
                advice));
    }

    static Optional<String> shortage(long bytes, long heap, String subject, String advice) {
        if (bytes <= heap) {
            return Optional.empty();
        }
        return Optional.of(String.format(
                Locale.ROOT,
                "%s needs about %s of memory, the JVM may use %s; %s or more memory"
                        + " (DEEPFLOW_JAVA_OPTS=-Xmx…) would help.",
                subject,
                size(bytes),
                size(heap),
                advice));
    }

    private static String size(long bytes) {
        return bytes < GIB
                ? String.format(Locale.ROOT, "%.0f MiB", bytes / MIB)
                : String.format(Locale.ROOT, "%.1f GiB", bytes / GIB);
    }
}

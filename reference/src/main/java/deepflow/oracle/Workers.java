package deepflow.oracle;

import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.Backends;
import deepflow.tensor.DeviceId;

/// What emulated runs may use beside the back end that replays a dump.
///
/// @param threads how many there are, at least 1
/// @param opener opens back ends for them
public record Workers(int threads, Opener opener) {
    /// Opens a back end.
    @FunctionalInterface
    public interface Opener {
        /// @param options its threads include the caller's
        Backend open(BackendOptions options);
    }

    /// Threads of this machine's CPU.
    public static Workers cpu(int threads) {
        return new Workers(threads, options -> Backends.open(DeviceId.CPU, options));
    }

    /// @throws IllegalArgumentException if there is no thread
    public Workers {
        if (threads < 1) {
            throw new IllegalArgumentException("at least one thread is needed, got " + threads);
        }
    }
}

package deepflow.oracle;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;

/// What emulated runs may use beside the back end that replays a dump.
///
/// @param threads how many there are, at least 1
/// @param opener opens back ends for them
public record Workers(int threads, Opener opener) {
    /// Opens a back end.
    @FunctionalInterface
    public interface Opener {
        /// @param threads it computes with, the caller's included
        Backend open(DType dtype, int threads);
    }

    /// Threads of this machine's CPU.
    public static Workers cpu(int threads) {
        return new Workers(threads, (dtype, n) -> Backends.open("cpu", dtype, n));
    }

    /// @throws IllegalArgumentException if there is no thread
    public Workers {
        if (threads < 1) {
            throw new IllegalArgumentException("at least one thread is needed, got " + threads);
        }
    }
}

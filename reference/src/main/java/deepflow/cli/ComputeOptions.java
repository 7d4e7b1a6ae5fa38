package deepflow.cli;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.util.Locale;
import picocli.CommandLine.Option;

/// In which precision this program computes, for commands that compute; added with `@Mixin`.
public final class ComputeOptions {
    /// The choices of `--compute`.
    enum Compute {
        /// float64: the oracle's precision.
        F64,
        /// float32: faster, about 1e-6 off.
        F32;

        DType dtype() {
            return this == F64 ? DType.F64 : DType.F32;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--compute",
            paramLabel = "f64|f32",
            defaultValue = "f64",
            description = "Precision to compute in (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Compute compute;

    /// The floating type to compute in.
    public DType dtype() {
        return compute.dtype();
    }

    /// Opens the CPU back end in this precision.
    ///
    /// @param threads at least 1
    public Backend open(int threads) {
        return Backends.open("cpu", compute.dtype(), threads);
    }
}

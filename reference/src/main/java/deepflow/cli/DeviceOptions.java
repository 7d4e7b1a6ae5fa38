package deepflow.cli;

import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.DeviceId;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Where a command computes; added with `@Mixin`.
final class DeviceOptions {
    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli fills it before any option is read
    private CommandSpec command;

    private DeviceId device = DeviceId.CPU;

    @Option(
            names = "--device",
            paramLabel = "cpu|cuda[:i]",
            description = "Where to compute (default: cpu); `deepflow devices` lists what is there. In a process that"
                    + " torchrun or the like started for a GPU, cuda is the GPU of LOCAL_RANK.")
    void setDevice(String text) {
        try {
            DeviceId given = DeviceId.parse(text);
            device = text.equals("cuda") ? new DeviceId(given.kind(), localRank()) : given;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    command.commandLine(), "Invalid value for option '--device': " + e.getMessage(), e);
        }
    }

    private static int localRank() {
        String rank = System.getenv("LOCAL_RANK");
        if (rank == null) {
            return 0;
        }
        if (!rank.matches("\\d{1,4}")) {
            throw new IllegalArgumentException("the environment's LOCAL_RANK is '" + rank + "', no number");
        }
        return Integer.parseInt(rank);
    }

    /// Which device.
    DeviceId id() {
        return device;
    }

    /// Opens its back end.
    Backend open(BackendOptions options) {
        return Backends.open(device, options);
    }

    /// Opens its back end, for products in full precision.
    ///
    /// @param threads CPU threads, at least 1
    Backend open(DType dtype, int threads) {
        return open(BackendOptions.of(dtype, threads));
    }
}

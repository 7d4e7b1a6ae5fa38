package deepflow.cli;

import deepflow.report.DevicesReport;
import deepflow.tensor.BackendProvider;
import deepflow.tensor.Backends;
import deepflow.tensor.DeviceFailure;
import deepflow.tensor.DeviceInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `deepflow devices`: where this machine can compute.
@Command(
        name = "devices",
        header = "Lists what this machine can compute on.",
        description = {
            "",
            "Lists the devices that --device takes, and what they round the factors of products to (--matmul-precision)."
                    + " Where there is no GPU to be used, it says which driver or library is missing and how to get it.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow devices",
            "  deepflow devices --json",
            "",
            "Exit codes: 0 = there is a GPU, 2 = there is none that can be used."
        })
final class DevicesCommand implements Callable<Integer> {
    private static final String GPU = "cuda";

    @Mixin
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private final CommonOptions common = new CommonOptions();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        DevicesReport report = report(Backends.all());
        if (json) {
            spec.commandLine().getOut().println(report.json());
        } else {
            report.lines().forEach(spec.commandLine().getOut()::println);
        }
        if (report.missing().isEmpty()) {
            return ExitCode.FINE;
        }
        // not flushed by println: what is there comes first
        spec.commandLine().getOut().flush();
        throw new UserException(String.join(" ", report.missing().values()));
    }

    static DevicesReport report(List<BackendProvider> providers) {
        List<DeviceInfo> devices = new ArrayList<>();
        Map<String, String> missing = new LinkedHashMap<>();
        for (BackendProvider provider : providers) {
            try {
                devices.addAll(provider.devices());
            } catch (DeviceFailure e) {
                missing.put(provider.device(), e.getMessage());
            }
        }
        if (providers.stream().noneMatch(p -> p.device().equals(GPU))) {
            missing.put(GPU, "Module gpu-bridge, which computes on NVIDIA GPUs, is not on the class path.");
        }
        return new DevicesReport(devices, missing);
    }
}

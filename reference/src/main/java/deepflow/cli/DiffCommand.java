package deepflow.cli;

import deepflow.oracle.Diff;
import deepflow.report.DiffReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `deepflow diff`: two files tensor by tensor.
@Command(
        name = "diff",
        header = "Compares two safetensors files tensor by tensor.",
        description = {
            "",
            "Compares two safetensors files, dumps or weights, tensor by tensor; no model is run. Prints a line for each"
                    + " tensor or metadata key that differs, and nothing where the files are equal.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow diff golden.safetensors mine.safetensors",
            "  deepflow diff --json before.safetensors after.safetensors",
            "",
            "Exit codes: 0 = equal tensors, 1 = a tensor differs, 2 = a file cannot be used."
        })
final class DiffCommand implements Callable<Integer> {
    @Mixin
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private final CommonOptions common = new CommonOptions();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Parameters(index = "0", paramLabel = "A", description = "The first file, the one errors are relative to.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "The second file.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path second;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        Diff diff = Diff.of(first, second);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(DiffReport.json(diff));
        } else {
            DiffReport.lines(diff).forEach(out::println);
        }
        return diff.empty() ? ExitCode.FINE : ExitCode.DISAGREE;
    }
}

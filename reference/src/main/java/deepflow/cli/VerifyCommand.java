package deepflow.cli;

import deepflow.oracle.verification.EquationReport;
import deepflow.oracle.verification.Verification;
import deepflow.report.VerificationReport;
import deepflow.tensor.Backend;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `deepflow verify`: evidence that this program computes the paper's equations.
@Command(
        name = "verify",
        header = "Verifies every equation of the paper.",
        description = {
            "",
            "Checks every equation of the paper on this machine: outputs and gradients against vectors made by PyTorch,"
                    + " gradients against central differences, and the laws that docs/equations.md lists. Takes seconds.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow verify",
            "  deepflow verify --compute f32 --json",
            "",
            "Exit codes: 0 = every check passed, 1 = one failed, 2 = the vectors cannot be used."
        })
final class VerifyCommand implements Callable<Integer> {
    /// Set by the launcher: the folder of this working tree.
    private static final String HOME = "deepflow.home";

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final ComputeOptions compute = new ComputeOptions();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = "--vectors",
            paramLabel = "DIR",
            description = "Folder of the equations' vectors (default: testdata/equations beside the launcher).")
    private @Nullable Path vectors;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        Path folder = folder();
        try (Backend backend = compute.open(common.threads())) {
            List<EquationReport> reports = Verification.run(backend, folder);
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(VerificationReport.json(reports));
            } else {
                VerificationReport.lines(reports, backend.name()).forEach(out::println);
            }
            return reports.stream().allMatch(EquationReport::passed) ? ExitCode.FINE : ExitCode.DISAGREE;
        }
    }

    private Path folder() {
        Path folder = vectors;
        if (folder == null) {
            String home = System.getProperty(HOME);
            if (home == null) {
                throw new UserException("Where the equations' vectors are is not known: start the program by its"
                        + " launcher, or say it with --vectors DIR.");
            }
            folder = Path.of(home, "testdata", "equations");
        }
        if (!Files.isDirectory(folder)) {
            throw new UserException("There is no folder " + folder
                    + " with the equations' vectors: say with --vectors DIR where it is.");
        }
        return folder;
    }
}

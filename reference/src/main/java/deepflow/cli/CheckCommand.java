package deepflow.cli;

import deepflow.io.AtomicFile;
import deepflow.io.FormatException;
import deepflow.oracle.CheckResult;
import deepflow.oracle.Judging;
import deepflow.oracle.Oracle;
import deepflow.oracle.Precision;
import deepflow.oracle.Verdict;
import deepflow.report.CheckPage;
import deepflow.report.CheckReport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `deepflow check`: judges dumped training steps.
@Command(
        name = "check",
        header = "Judges dumped training steps.",
        description = {
            "",
            "Judges dumped training steps: replays each from its configuration, weights and inputs, and compares every"
                    + " tensor in it.",
            "",
            "A dump is a safetensors file as docs/dump-format.md describes it, a folder of .npy files with metadata.json,"
                    + " or a .npz file. A tensor is accepted when it is as near to the truth as its precision allows: within"
                    + " an error budget of its own, which comes from emulated runs (docs/verdict.md), and |a - o| <="
                    + " threshold * |o|, the threshold by the precision the dump declares (docs/check.md).",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow check step.safetensors",
            "  deepflow check --compute f32 --json dumps/*.safetensors",
            "  deepflow check --report step.html step.safetensors",
            "  deepflow check --map flax.json step.npz",
            "",
            "Exit codes: 0 = all consistent, 1 = a tensor is wrong, 2 = a dump cannot be used."
        })
final class CheckCommand implements Callable<Integer> {
    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final ComputeOptions compute = new ComputeOptions();

    @Option(names = "--json", description = "Print JSON, one object for all dumps.")
    private boolean json;

    @Option(names = "--all", description = "List every tensor, not only those that are wrong.")
    private boolean all;

    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "Hold dumps to this precision instead of the one they declare: f64, f32, tf32, bf16, fp16,"
                    + " amp-bf16, amp-fp16.")
    private @Nullable String precision;

    @Option(
            names = "--risk",
            paramLabel = "A",
            defaultValue = "1e-3",
            description = "Probability that a right dump is called wrong (default: ${DEFAULT-VALUE}).")
    private double risk;

    @Option(
            names = "--runs",
            paramLabel = "R",
            description = "Emulated runs of each kind from which error budgets come (docs/verdict.md); 0: go by the"
                    + " threshold alone (default: 16; 8 for large steps; 0 where memory does not allow them).")
    private @Nullable Integer runs;

    @Option(
            names = "--map",
            paramLabel = "MAP.json",
            description = "Translates the names and layouts of another program into ours (docs/recipes.md).")
    private @Nullable Path map;

    @Option(
            names = "--report",
            paramLabel = "OUT.html",
            description = "Write the verdict as a page that needs no other file; of one DUMP.")
    private @Nullable Path report;

    @Parameters(
            arity = "1..*",
            paramLabel = "DUMP",
            description = "Safetensors files, folders of .npy files or .npz files, each with one step.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private List<Path> dumps;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<CheckResult> results = new ArrayList<>();
        boolean unusable = false;
        if (report != null) {
            if (dumps.size() > 1) {
                throw new ParameterException(spec.commandLine(), "--report makes a page of one dump");
            }
            OutputFile page = new OutputFile(spec, "--report", report);
            page.isNone(map == null ? dumps : List.of(dumps.getFirst(), map));
            page.isPage();
        }
        try (Oracle oracle = Oracle.open(new Oracle.Options(
                judging(), compute.dtype(), compute.device(), map, report != null, common.threads()))) {
            for (Path dump : dumps) {
                try {
                    Verdict verdict = oracle.judge(dump);
                    results.add(verdict.result());
                    if (!json) {
                        CheckReport.lines(verdict.result(), all)
                                .forEach(spec.commandLine().getOut()::println);
                        spec.commandLine().getOut().flush();
                    }
                    if (report != null) {
                        AtomicFile.write(report, CheckPage.html(verdict).getBytes(StandardCharsets.UTF_8));
                    }
                } catch (FormatException | OutOfMemoryError e) {
                    if (dumps.size() == 1) {
                        throw e;
                    }
                    // the others may still be judged; the exit code says that one was not
                    spec.commandLine().getErr().println(Failure.line(e));
                    spec.commandLine().getErr().flush();
                    unusable = true;
                }
            }
        }
        if (json) {
            spec.commandLine().getOut().println(CheckReport.json(results));
        }
        if (unusable) {
            return ExitCode.UNUSABLE;
        }
        return results.stream().allMatch(CheckResult::consistent) ? ExitCode.FINE : ExitCode.DISAGREE;
    }

    private Judging judging() {
        Precision held = precision == null
                ? null
                : Precision.of(precision)
                        .orElseThrow(() -> new ParameterException(
                                spec.commandLine(),
                                "the precision '" + precision + "' is unknown; there are " + Precision.labels()));
        try {
            return new Judging(held, risk, runs);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}

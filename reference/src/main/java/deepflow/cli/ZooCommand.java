package deepflow.cli;

import deepflow.io.AtomicFile;
import deepflow.oracle.Judging;
import deepflow.oracle.Precision;
import deepflow.oracle.Workers;
import deepflow.oracle.survey.Survey;
import deepflow.oracle.zoo.Bug;
import deepflow.oracle.zoo.Zoo;
import deepflow.report.ZooReport;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
import picocli.CommandLine.Spec;

/// `deepflow zoo`: how well the judge finds known bugs.
@Command(
        name = "zoo",
        header = "Puts known bugs into a step and has them judged.",
        description = {
            "",
            "Makes each bug of a catalogue in a golden step, rounded as each precision has it, and judges the dump as check"
                    + " does: is the bug caught, is the first wrong operation the right one, is the bug called by its"
                    + " name? Right steps are judged as well: none may be found wrong. docs/zoo.md has the result.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow zoo --list",
            "  deepflow zoo --bugs gelu-erf,half-missing --precision f32,bf16",
            "  deepflow zoo --markdown docs/zoo.md",
            "",
            "Exit codes: 0 = every bug above its stated power is caught and no right step is found wrong, 1 = not so."
        })
final class ZooCommand implements Callable<Integer> {
    private static final int MOST_RIGHT_STEPS = 1000;

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Option(names = "--list", description = "List the catalogue, and do nothing.")
    private boolean list;

    @Option(
            names = "--config",
            defaultValue = "tiny-2t",
            paramLabel = "NAME|FILE.json",
            description = "The model: ${COMPLETION-CANDIDATES}; or a JSON file (default: ${DEFAULT-VALUE}).",
            completionCandidates = ConfigArgument.Names.class)
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private String config;

    @Option(
            names = "--precision",
            split = ",",
            defaultValue = "f32,bf16",
            paramLabel = "P",
            description = "Precisions of the steps, with commas between them (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private List<String> precisions;

    @Option(
            names = "--bugs",
            split = ",",
            paramLabel = "B",
            description = "Names of bugs, with commas between them (default: all).")
    private @Nullable List<String> bugs;

    @Option(
            names = "--seed",
            defaultValue = "1",
            paramLabel = "S",
            description = "Seed of weights and inputs (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--right",
            defaultValue = "5",
            paramLabel = "N",
            description = "Right steps of each precision, with this seed and the next (default: ${DEFAULT-VALUE}).")
    private int right;

    @Option(
            names = "--risk",
            paramLabel = "A",
            defaultValue = "1e-3",
            description = "Probability that a right dump is called wrong (default: ${DEFAULT-VALUE}).")
    private double risk;

    @Option(
            names = "--runs",
            paramLabel = "R",
            defaultValue = "16",
            description = "Emulated runs from which error budgets come (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "Write a page as well.")
    private @Nullable Path markdown;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        List<Bug> chosen = chosen();
        if (list) {
            if (json) {
                out.println(ZooReport.catalogueJson(chosen));
            } else {
                ZooReport.catalogue(chosen).forEach(out::println);
            }
            return ExitCode.FINE;
        }
        if (right < 0 || right > MOST_RIGHT_STEPS) {
            throw usage("--right must be from 0 to " + MOST_RIGHT_STEPS);
        }
        Survey survey = new Survey(ConfigArgument.resolve(config), known(), chosen, seed, judging(), right);
        Survey.Result result = run(survey);
        if (json) {
            out.println(ZooReport.json(result));
        } else {
            ZooReport.lines(result).forEach(out::println);
        }
        if (markdown != null) {
            AtomicFile.write(markdown, ZooReport.markdown(result, command()).getBytes(StandardCharsets.UTF_8));
        }
        return result.asPromised() ? ExitCode.FINE : ExitCode.DISAGREE;
    }

    private Survey.Result run(Survey survey) throws IOException {
        Path folder = Files.createTempDirectory("deepflow-zoo");
        PrintWriter err = spec.commandLine().getErr();
        try (Backend exact = Backends.open("cpu", DType.F64, common.threads());
                Backend accumulator = Backends.open("cpu", DType.F32, common.threads());
                ProgressLine line = new ProgressLine(err, "judging")) {
            return survey.run(exact, accumulator, Workers.cpu(common.threads()), folder, (done, all, what) -> {
                line.at(done / (double) all);
                if (!Terminal.stderr()) {
                    err.println(done + " of " + all + ": " + what);
                    err.flush();
                }
            });
        } finally {
            Files.deleteIfExists(folder);
        }
    }

    private List<Bug> chosen() {
        if (bugs == null) {
            return Zoo.all();
        }
        List<Bug> chosen = new ArrayList<>();
        for (String name : bugs) {
            chosen.add(Zoo.of(name)
                    .orElseThrow(() -> usage("there is no bug '" + name + "'; --list shows which there are")));
        }
        return chosen;
    }

    private List<Precision> known() {
        List<Precision> known = new ArrayList<>();
        for (String label : precisions) {
            known.add(Precision.of(label)
                    .orElseThrow(
                            () -> usage("the precision '" + label + "' is unknown; there are " + Precision.labels())));
        }
        return known;
    }

    private Judging judging() {
        if (runs == 0) {
            throw usage("--runs must be at least " + Judging.FEWEST_RUNS);
        }
        try {
            return new Judging(null, risk, runs);
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    /// The command that makes the page again, with all that its numbers depend on.
    private String command() {
        StringBuilder text =
                new StringBuilder("deepflow zoo --config " + config + " --precision " + String.join(",", precisions));
        if (bugs != null) {
            text.append(" --bugs ").append(String.join(",", bugs));
        }
        text.append(" --seed ").append(seed).append(" --right ").append(right);
        text.append(" --runs ").append(runs).append(" --markdown ").append(markdown);
        return text.toString();
    }

    private ParameterException usage(@Nullable String sentence) {
        return new ParameterException(spec.commandLine(), sentence);
    }
}

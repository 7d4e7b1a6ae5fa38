package deepflow.cli;

import deepflow.experiment.Ablation;
import deepflow.experiment.RunListener;
import deepflow.experiment.Study;
import deepflow.experiment.StudyJson;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `deepflow ablate`: one study.
@Command(
        name = "ablate",
        header = "Runs a study: axes, seeds, a table.",
        description = {
            "",
            "Trains and measures all variants of a study, each with several seeds, and writes a table (Markdown and CSV) and"
                    + " a plot.",
            "",
            "May be stopped at any moment: started again, it repeats no finished run and goes on with the one that was"
                    + " interrupted.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow ablate docs/studies/table-7b-alpha.json --out studies/alpha",
            "  deepflow ablate my-study.json --out my-study --list",
            "",
            "docs/studies has the paper's own studies; docs/experiments.md says what is in a study's file."
        })
final class AblateCommand implements Callable<Integer> {
    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final DeviceOptions device = new DeviceOptions();

    @Parameters(index = "0", paramLabel = "STUDY.json", description = "The study.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path file;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder of its runs and results.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path out;

    @Option(names = "--list", description = "Only list the runs.")
    private boolean list;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        Study study = StudyJson.read(file);
        if (list) {
            study.variants()
                    .forEach(v -> spec.commandLine()
                            .getOut()
                            .println(v.name() + ": " + v.steps() + " steps, seeds " + study.seeds()));
            return ExitCode.FINE;
        }
        Ablation ablation =
                new Ablation(study, out, DataArgument::open, device.id(), common.threads(), Main.Version.producer());
        List<Path> files;
        try (Shown shown = new Shown()) {
            files = ablation.run(shown);
        }
        files.forEach(spec.commandLine().getOut()::println);
        return ExitCode.FINE;
    }

    /// One bar after the other.
    private final class Shown implements Ablation.Listener, AutoCloseable {
        private TrainingProgress progress = TrainingProgress.on(spec.commandLine(), "");

        @Override
        public RunListener begins(int number, int of, String variant, long seed) {
            close();
            spec.commandLine().getErr().println("run " + number + " of " + of + ": " + variant + ", seed " + seed);
            progress = TrainingProgress.quiet(spec.commandLine(), number + "/" + of);
            return progress;
        }

        @Override
        public void ends(String variant, long seed, Map<String, Double> distances) {
            close();
            String shown = distances.entrySet().stream()
                    .map(e -> String.format(Locale.ROOT, "%.3f (%s)", e.getValue(), e.getKey()))
                    .collect(Collectors.joining(", "));
            spec.commandLine().getErr().println(variant + ", seed " + seed + ": Fréchet distance " + shown);
            spec.commandLine().getErr().flush();
        }

        @Override
        public void close() {
            progress.close();
        }
    }
}

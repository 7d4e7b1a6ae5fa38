package deepflow.cli;

import deepflow.experiment.Demo;
import deepflow.io.AtomicFile;
import deepflow.report.DemoPage;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `deepflow demo`: train, sample, measure, look.
@Command(
        name = "demo",
        header = "Trains a small model on digits and shows what it learned.",
        description = {
            "",
            "Trains a small DeepFlow on handwritten digits, draws samples, measures them and makes a page of pictures: less"
                    + " than two minutes on two cores.",
            ""
        },
        footer = {"", "Examples:", "  deepflow demo", "  deepflow demo --out /tmp/demo"})
final class DemoCommand implements Callable<Integer> {
    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "demo",
            description = "Folder of the results; an earlier demo in it is replaced (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path out;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        Files.createDirectories(out);
        Demo demo = new Demo(out, DataArgument.open(Demo.config()), Main.Version.producer());
        Demo.Result result;
        try (Backend b = Backends.open("cpu", Demo.config().precision(), common.threads());
                TrainingProgress training = TrainingProgress.quiet(spec.commandLine(), "training");
                ProgressLine measuring = new ProgressLine(spec.commandLine().getErr(), "sampling 1,797 digits")) {
            result = demo.run(b, training, fraction -> {
                training.close();
                measuring.at(fraction);
            });
        }
        Path page = out.resolve("index.html");
        AtomicFile.write(page, DemoPage.html(result).getBytes(StandardCharsets.UTF_8));
        PrintWriter print = spec.commandLine().getOut();
        print.printf(
                Locale.ROOT,
                "%s, %,d parameters, %d steps: Fréchet distance to the data %.3f (pixel space), %.0f %% of the"
                        + " grid recognised, %.0f s.%n",
                result.model(),
                result.parameters(),
                result.steps(),
                result.distance(),
                100 * result.recognised(),
                (System.nanoTime() - start) * 1e-9);
        print.println("samples:  " + result.grid());
        print.println("losses:   " + result.curves());
        print.println("layers:   " + result.layers());
        print.println("the page: " + page);
        return ExitCode.FINE;
    }
}

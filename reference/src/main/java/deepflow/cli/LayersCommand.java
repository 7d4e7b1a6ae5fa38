package deepflow.cli;

import deepflow.data.DataSet;
import deepflow.experiment.LayerDistances;
import deepflow.experiment.RunConfig;
import deepflow.experiment.RunFolder;
import deepflow.report.LayersReport;
import deepflow.tensor.Backend;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `deepflow layers`: how alike a trained model's layers are.
@Command(
        name = "layers",
        header = "Measures how far each block's features are from the last block's.",
        description = {
            "",
            "The question of the paper's figures 2d and 5, put to the averaged weights of a run's newest checkpoint: 2 - 2 cos"
                    + " between the tokens after a block and after the last one, averaged over samples of the run's own data"
                    + " between data (t = 0) and noise (t = 1).",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow layers --run RUN",
            "  deepflow layers --run RUN --times 0.5 --samples 512 --plot layers.png"
        })
final class LayersCommand implements Callable<Integer> {
    private static final int MOST_SAMPLES = 1 << 16;

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final DeviceOptions device = new DeviceOptions();

    @Option(names = "--run", required = true, paramLabel = "RUN", description = "A folder that `deepflow train` wrote.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path run;

    @Option(
            names = "--times",
            split = ",",
            paramLabel = "T",
            description = "Times from 0 to 1, separated by commas (default: 0.1,0.3,0.5,0.7,0.9).")
    private @Nullable List<Double> times;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "256",
            description = "How many of the run's data (default: ${DEFAULT-VALUE}).")
    private int samples;

    @Option(names = "--plot", paramLabel = "FILE.png", description = "Draw distance over block number.")
    private @Nullable Path plot;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<Double> asked = times == null ? LayerDistances.TIMES : times;
        if (asked.stream().anyMatch(t -> !(t >= 0 && t <= 1))) {
            throw new UserException("--times are numbers from 0 (data) to 1 (noise), got " + asked + ".");
        }
        if (samples < 1 || samples > MOST_SAMPLES) {
            throw new UserException("--samples is from 1 to " + MOST_SAMPLES + ", got " + samples + ".");
        }
        RunFolder folder = new RunFolder(run);
        if (!folder.holdsRun()) {
            throw new UserException("There is no run in " + run + ": no config.json.");
        }
        RunConfig config = folder.readConfig();
        DataSet data = DataArgument.open(config);
        List<LayerDistances.Line> lines;
        try (Backend b = device.open(config.options(common.threads()))) {
            lines = new LayerDistances(config, data, samples).of(b, folder, asked);
        }
        if (plot != null) {
            LayerDistances.plot(lines, plot);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(LayersReport.json(lines));
        } else {
            LayersReport.lines(lines).forEach(out::println);
        }
        return ExitCode.FINE;
    }
}

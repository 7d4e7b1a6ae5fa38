package deepflow.cli;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.io.Text;
import deepflow.model.ModelConfig;
import deepflow.oracle.Golden;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.train.Objective;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `deepflow golden`: writes a dump with golden values.
@Command(
        name = "golden",
        header = "Writes a training step with the right answers.",
        description = {
            "",
            "Writes golden values: random non-zero weights and inputs, one full training step (forward, losses, backward,"
                    + " optimizer), every tensor of it. Load the weights and inputs, run your step, and compare.",
            "",
            "The same arguments give the same bytes, whatever the machine and the number of threads.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow golden --config tiny-2t --seed 1 --out golden.safetensors",
            "  deepflow golden --config my.json --seed 7 --batch 8 --precision f32 \\",
            "      --out golden.safetensors",
            "",
            "docs/dump-format.md says what is in the file."
        })
final class GoldenCommand implements Callable<Integer> {
    private static final int LARGEST_BATCH = 1 << 20;

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final DeviceOptions device = new DeviceOptions();

    @Mixin
    private final ProductOptions products = new ProductOptions();

    @Option(
            names = "--config",
            required = true,
            paramLabel = "NAME|FILE.json",
            description = "The model: ${COMPLETION-CANDIDATES}; or a JSON file as in a dump's config.",
            completionCandidates = ConfigArgument.Names.class)
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private String config;

    @Option(names = "--seed", required = true, paramLabel = "S", description = "Seed of weights and inputs.")
    private long seed;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "3",
            description = "Samples in the batch (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--precision",
            paramLabel = "f64|f32",
            defaultValue = "f64",
            description = "Precision to compute and write in (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private ComputeOptions.Compute precision;

    @Option(
            names = "--path",
            paramLabel = "linear|cosine",
            defaultValue = "linear",
            description = "Path between data and noise (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private FlowPath path;

    @Option(
            names = "--target",
            paramLabel = "difference|derivative",
            defaultValue = "difference",
            description = "What velocities are trained towards (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private VelocityTarget target;

    @Option(names = "--no-optimizer", description = "Leave out the optimizer step: the file is a third as large.")
    private boolean noOptimizer;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The file to write.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Path out;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (batch < 1 || batch > LARGEST_BATCH) {
            throw new ParameterException(
                    spec.commandLine(), "Invalid value for option '--batch': it must be from 1 to " + LARGEST_BATCH);
        }
        new OutputFile(spec, "--out", out).isNone(List.of(Path.of(config)));
        ModelConfig model = ConfigArgument.resolve(config);
        Objective published = Objective.published(model.k());
        Objective objective = new Objective(published.betas(), published.lambda(), path, target, published.sslWeight());
        try (Backend backend =
                device.open(new BackendOptions(precision.dtype(), products.products(), common.threads()))) {
            new Golden(model, objective, seed, batch, !noOptimizer).write(backend, "deepflow", out);
        }
        spec.commandLine().getOut().println(Text.printable(out.toString()));
        return ExitCode.FINE;
    }
}

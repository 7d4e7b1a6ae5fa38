package deepflow.cli;

import deepflow.bench.Bench;
import deepflow.bench.Work;
import deepflow.cost.Heap;
import deepflow.report.BenchReport;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import java.io.PrintWriter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `deepflow bench`: how fast steps and operations run here.
@Command(
        name = "bench",
        header = "Times steps and operations.",
        sortOptions = false,
        description = {
            "",
            "Times a training step and a forward pass as the PyTorch peer's bench does, with the same keys in its JSON;"
                    + " or single operations in the extents they have in such a step.",
            ""
        },
        footer = {
            "",
            "Warm-up: five runs, as the peer's, and on until 3 s have passed (0.5 s for an operation), since the JVM"
                    + " compiles while it runs.",
            "GFLOP/s count products only, two operations for each multiply-add; their peak is measured in the same"
                    + " process: on the CPU by multiply-adds that stay in registers, on another device by one large"
                    + " product (docs/performance.md, docs/gpu.md).",
            "",
            "Examples:",
            "  deepflow bench --config digits --threads 2 --json",
            "  deepflow bench --config latent-s --what gemm,attention --compute f64"
        })
final class BenchCommand implements Callable<Integer> {
    private static final int MOST = 1 << 20;

    @Option(
            names = "--config",
            paramLabel = "NAME|FILE.json",
            defaultValue = "digits",
            description = "The model (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private String config;

    @Option(
            names = "--what",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "train_step,forward",
            description = "train_step, forward, gemm, attention, attention_backward, layer_norm, layer_norm_backward,"
                    + " softmax, gelu, gelu_backward, silu, add, permute, adamw, copy, or all (default:"
                    + " ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private List<String> what;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Samples (default: 64 for digits, 4 for latent-s, otherwise 8).")
    private @Nullable Integer batch;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "20",
            description = "Timed runs, of which the median counts (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--compute",
            paramLabel = "f32|f64",
            defaultValue = "f32",
            description = "Precision to compute in (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private ComputeOptions.Compute compute;

    @Mixin
    private final DeviceOptions device = new DeviceOptions();

    @Mixin
    private final ProductOptions products = new ProductOptions();

    @Option(names = "--json", description = "Print one JSON object a line.")
    private boolean json;

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        int samples = batch == null ? Bench.usualBatch(config) : batch;
        inRange("--batch", samples);
        inRange("--steps", steps);
        Bench bench = new Bench(config, ConfigArgument.resolve(config), samples, steps);
        List<Work> work = work(bench);
        PrintWriter out = spec.commandLine().getOut();
        BackendOptions options = new BackendOptions(compute.dtype(), products.products(), common.threads());
        try (Backend b = device.open(options)) {
            fits(b, bench, work);
            if (!json) {
                out.println(BenchReport.head());
            }
            bench.run(b, common.threads(), work, m -> {
                out.println(json ? BenchReport.json(m) : BenchReport.line(m));
                out.flush();
            });
        }
        return ExitCode.FINE;
    }

    private void inRange(String option, int value) {
        if (value < 1 || value > MOST) {
            throw new ParameterException(
                    spec.commandLine(), "Invalid value for option '" + option + "': it must be from 1 to " + MOST);
        }
    }

    private static void fits(Backend b, Bench bench, List<Work> work) {
        try {
            Heap.shortage(b, bench.memory(work, b.dtype()), "The work", "a smaller batch, --compute f32")
                    .ifPresent(sentence -> {
                        throw new UserException(sentence);
                    });
        } catch (ArithmeticException e) {
            throw tooLarge(bench, e);
        }
    }

    /// A tensor would have more elements than can be counted.
    private static UserException tooLarge(Bench bench, ArithmeticException e) {
        return new UserException("A batch of " + bench.samples() + " is too large for this model.", e);
    }

    private List<Work> work(Bench bench) {
        Set<String> names = new LinkedHashSet<>(what);
        try {
            return bench.work(names);
        } catch (ArithmeticException e) {
            throw tooLarge(bench, e);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--what': " + e.getMessage(), e);
        }
    }
}

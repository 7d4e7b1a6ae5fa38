package deepflow.cli;

import deepflow.io.ElementType;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.sample.Checkpoint;
import deepflow.sample.EvaluationCost;
import deepflow.sample.Guidance;
import deepflow.sample.Increments;
import deepflow.sample.KeyedNoise;
import deepflow.sample.Sampler;
import deepflow.sample.Samples;
import deepflow.sample.Sampling;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `deepflow sample`: from weights to pictures, or from given noise to numbers.
@Command(
        name = "sample",
        header = "Draws samples from a trained model.",
        sortOptions = false,
        description = {
            "",
            "Draws samples from a trained model. Noise belongs to a sample's number: sample 7 of a seed is the same in"
                    + " any batch, shard or process.",
            "",
            "With --noise it starts from given numbers instead, and writes the result to --npy: for comparison with"
                    + " other implementations (docs/sampling.md).",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow sample --run RUN --ema --count 64 --sampler sde --steps 250 \\",
            "      --out samples",
            "  deepflow sample --weights model.safetensors --labels 3 --cfg 1.5 \\",
            "      --guidance-high 0.7 --out threes",
            "  deepflow sample --run RUN --count 50000 --shard 2/8 --out samples",
            "  deepflow sample --weights model.safetensors --noise x1.npy --labels y.npy \\",
            "      --sampler heun --steps 50 --npy x0.npy"
        })
final class SampleCommand implements Callable<Integer> {
    private static final int MOST = 1 << 24;

    @Mixin
    private final WeightsOptions weights = new WeightsOptions();

    @Mixin
    private final SamplerOptions method = new SamplerOptions();

    @Option(
            names = "--count",
            paramLabel = "N",
            description = "Samples (default: 64, or as many as --labels FILE has).")
    private @Nullable Integer count;

    @Option(
            names = "--first",
            paramLabel = "I",
            defaultValue = "0",
            description = "Number of the first sample (default: ${DEFAULT-VALUE}).")
    private long first;

    @Option(
            names = "--shard",
            paramLabel = "i/n",
            defaultValue = "1/1",
            description = "Compute only the i-th of n equal parts, i from 1 to n.")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private String shard;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "64",
            description = "Samples computed at a time (default: ${DEFAULT-VALUE}). The result does not depend on it.")
    private int batch;

    @Option(
            names = "--labels",
            paramLabel = "CLASS|FILE.npy",
            description = "One class for all, or a class for each sample; K means none (default: sample i has class i"
                    + " mod K).")
    private @Nullable String labels;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "Seed of all noise (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--noise", paramLabel = "FILE.npy", description = "Start from this noise (N, C, H, W).")
    private @Nullable Path noise;

    @Option(
            names = "--increments",
            paramLabel = "FILE.npy",
            description = "Gaussian draws (steps - 1, N, C, H, W) of the sde sampler, with --noise.")
    private @Nullable Path increments;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Write grid.png, a PNG for each sample, samples.npy, and samples.npz as ADM's evaluator reads"
                    + " it; only npy files where there are neither 1 nor 3 channels.")
    private @Nullable Path out;

    @Option(
            names = "--npy",
            paramLabel = "FILE",
            description = "Write the samples (N, C, H, W) to this file, as float64.")
    private @Nullable Path npy;

    @Mixin
    private final ComputeOptions compute = new ComputeOptions();

    @Mixin
    private final ProductOptions products = new ProductOptions();

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    /// Drawn samples, and which they are.
    private record Drawn(Samples samples, Shape sample, int[] labels, long first) {}

    @Override
    public Integer call() {
        Sampler sampler = method.sampler();
        Guidance guidance = method.guidance();
        Shard part = Shard.parse(shard);
        check(out != null || npy != null, "Where to? Say --out DIR or --npy FILE.");
        check(batch >= 1, "--batch must be at least 1, got " + batch + ".");
        check(
                count == null || count >= 1 && count <= MOST,
                "--count must be from 1 to " + MOST + ", got " + count + ".");
        check(first >= 0 && first <= 1L << 40, "--first must be from 0 to 2^40, got " + first + ".");
        check(increments == null || noise != null, "--increments needs --noise.");
        check(increments == null || sampler.draws() > 0, "--increments is for the sde sampler only.");
        check(noise == null || count == null, "--noise says how many samples there are; leave --count out.");
        Drawn drawn;
        try (Backend backend = compute.open(products.products(), common.threads());
                ProgressLine progress = new ProgressLine(spec.commandLine().getErr(), "sampling")) {
            Checkpoint checkpoint = weights.read(backend);
            Sampling sampling = new Sampling(checkpoint.field(), checkpoint.flow(), guidance, sampler);
            drawn = noise == null
                    ? numbered(backend, sampling, checkpoint.config(), part, progress)
                    : given(backend, sampling, checkpoint.config(), noise, part, progress);
        } catch (IllegalStateException e) {
            throw new UserException("Cannot sample: " + e.getMessage() + ".", e);
        }
        write(drawn, part);
        return ExitCode.FINE;
    }

    private static void check(boolean condition, String sentence) {
        if (!condition) {
            throw new UserException(sentence);
        }
    }

    /// Samples by their numbers.
    private Drawn numbered(Backend backend, Sampling sampling, ModelConfig model, Shard part, ProgressLine progress) {
        int inFile = SampleLabels.countIn(labels);
        int all = count != null ? count : inFile >= 0 ? inFile : 64;
        int from = part.from(all);
        long bytes = (part.to(all) - from)
                * sampling.field().sample().size()
                * compute.dtype().bytes();
        check(
                bytes <= Integer.MAX_VALUE,
                "The samples would have " + bytes + " bytes, more than the 2147483647 that fit into one file: draw them"
                        + " in parts, with --shard i/n.");
        require(backend, model, part.to(all) - from);
        int[] y = new SampleLabels(labels, model.classes()).of(first, all, from, part.to(all));
        Samples samples = sampling.keyed(seed, first + from, y, batch, progress::at);
        return new Drawn(samples, sampling.field().sample(), y, first + from);
    }

    /// Samples from given noise.
    private Drawn given(
            Backend backend, Sampling sampling, ModelConfig model, Path file, Shard part, ProgressLine progress) {
        Shape sample = sampling.field().sample();
        int size = Math.toIntExact(sample.size());
        double[] x = GivenNoise.start(file, sample);
        int all = x.length / size;
        int from = part.from(all);
        int to = part.to(all);
        require(backend, model, to - from);
        int[] y = new SampleLabels(labels, model.classes()).of(first, all, from, to);
        Increments draws = increments == null
                ? new KeyedNoise(seed, first)
                : GivenNoise.increments(increments, sampling.sampler().draws(), all, sample);
        Samples samples = sampling.from(
                Arrays.copyOfRange(x, from * size, to * size),
                y,
                (row, step, length) -> draws.draw(from + row, step, length),
                batch,
                progress::at);
        return new Drawn(samples, sample, y, first + from);
    }

    private void require(Backend b, ModelConfig model, int samples) {
        EvaluationCost.require(b, new DeepFlow(model), Math.max(1, Math.min(batch, samples)));
    }

    private void write(Drawn drawn, Shard part) {
        PrintWriter print = spec.commandLine().getOut();
        Shape sample = drawn.sample();
        int n = drawn.labels().length;
        if (npy != null) {
            long[] shape = {n, sample.dim(0), sample.dim(1), sample.dim(2)};
            Npy.write(npy, NpyArray.of(ElementType.F64, shape, drawn.samples().values()));
            print.println(npy);
        }
        if (out != null) {
            checkFinite(drawn);
            ElementType type = compute.dtype() == DType.F64 ? ElementType.F64 : ElementType.F32;
            new SampleFolder(out, part.suffix())
                    .write(drawn.samples().values(), sample, drawn.labels(), drawn.first(), type)
                    .forEach(name -> print.println(out.resolve(name)));
        }
        LongSummaryStatistics nfe = Arrays.stream(drawn.samples().evaluations()).summaryStatistics();
        print.println(n + " samples, model evaluations (NFE) per sample: "
                + (nfe.getMin() == nfe.getMax() || n == 0
                        ? String.valueOf(n == 0 ? 0 : nfe.getMin())
                        : String.format(
                                Locale.ROOT,
                                "%.1f on average, %d to %d",
                                nfe.getAverage(),
                                nfe.getMin(),
                                nfe.getMax())));
    }

    private static void checkFinite(Drawn drawn) {
        double[] values = drawn.samples().values();
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw new UserException(
                        "Sample " + (drawn.first() + i / drawn.sample().size()) + " came out as " + values[i]
                                + ": the weights or the guidance scale are too large, or the weights not finite.");
            }
        }
    }
}

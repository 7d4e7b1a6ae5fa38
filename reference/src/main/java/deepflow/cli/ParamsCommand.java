package deepflow.cli;

import deepflow.model.ModelConfig;
import deepflow.model.PaperModel;
import deepflow.model.ParameterCount;
import deepflow.report.MemoryReport;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// `deepflow params`: how large the paper's models are, or one configuration; nothing is allocated for them.
@Command(
        name = "params",
        header = "Counts the parameters of the paper's models.",
        description = {
            "",
            "Counts parameters and multiply-adds of the paper's models, beside the paper's own figures; or of one"
                    + " configuration, module by module.",
            "",
            "With --memory: how much memory one step takes, when the model is trained, evaluated, and checked with all"
                    + " its outputs; nothing is computed for it.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow params",
            "  deepflow params --config digits",
            "  deepflow params --config latent-s --batch 4 --memory",
            "",
            "GFLOPs are 10^9 multiply-adds of one image, counted as the paper does: linear layers and the patch"
                    + " convolution, without attention products and the projections of cross-space attention. GFLOP of"
                    + " --memory are all products, two operations for each multiply-add (docs/performance.md)."
        })
final class ParamsCommand implements Callable<Integer> {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int LARGEST_BATCH = 1 << 20;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private final CommonOptions common = new CommonOptions();

    @Option(names = "--json", description = "Write a JSON list, for machines.")
    private boolean json;

    @Option(
            names = "--config",
            paramLabel = "NAME|FILE.json",
            description = "A configuration: a name such as tiny-2t, b-2t@12, XL/2-4T, sit-b; or a JSON file.")
    private @Nullable String config;

    @Option(names = "--memory", description = "Show the memory that a step takes.")
    private boolean memory;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "1",
            description = "With --memory: samples in the batch (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Mixin
    private final ComputeOptions compute = new ComputeOptions();

    private record Row(
            String model,
            int depth,
            ParameterCount count,
            @Nullable Integer paper,
            @Nullable MemoryReport memory) {}

    @Override
    public Integer call() {
        if (batch < 1 || batch > LARGEST_BATCH) {
            throw new ParameterException(
                    spec.commandLine(), "Invalid value for option '--batch': it must be from 1 to " + LARGEST_BATCH);
        }
        if (!memory && spec.commandLine().getParseResult().hasMatchedOption("--batch")) {
            throw new ParameterException(spec.commandLine(), "--batch needs --memory: parameters have no batch");
        }
        List<Row> rows = config == null
                ? PaperModel.all().stream()
                        .map(m -> row(m.name(), m.config(), m.millions()))
                        .toList()
                : List.of(one(config));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            writeJson(rows, out);
        } else if (memory) {
            writeMemory(rows, out);
        } else {
            writeTable(rows, out);
            if (config != null) {
                writeModules(rows.getFirst().count(), out);
            }
        }
        return ExitCode.FINE;
    }

    private Row one(String name) {
        ModelConfig c = ConfigArgument.resolve(name);
        return row(name, c, PaperModel.find(c).map(PaperModel::millions).orElse(null));
    }

    private Row row(String name, ModelConfig c, @Nullable Integer paper) {
        return new Row(name, c.depth(), ParameterCount.of(c), paper, memory ? memory(name, c) : null);
    }

    private MemoryReport memory(String name, ModelConfig c) {
        try {
            return MemoryReport.of(c, batch, compute.dtype());
        } catch (ArithmeticException e) {
            throw new UserException(
                    "A batch of " + batch + " is too large for " + name + ": one of its tensors would"
                            + " have more elements than any array can hold.",
                    e);
        }
    }

    private static void writeMemory(List<Row> rows, PrintWriter out) {
        if (rows.size() == 1) {
            Objects.requireNonNull(rows.getFirst().memory()).lines().forEach(out::println);
            return;
        }
        String format = "%-24s %5s %15s %10s %10s %10s%n";
        out.printf(Locale.ROOT, format, "GiB at the peak", "depth", "parameters", "train", "forward", "check");
        for (Row r : rows) {
            List<String> gib = Objects.requireNonNull(r.memory()).gib();
            String parameters = String.format(Locale.ROOT, "%,d", r.count().parameters());
            out.printf(Locale.ROOT, format, r.model(), r.depth(), parameters, gib.get(0), gib.get(1), gib.get(2));
        }
    }

    private static void writeTable(List<Row> rows, PrintWriter out) {
        String format = "%-24s %5s %15s %10s %6s %9s%n";
        out.printf(Locale.ROOT, format, "model", "depth", "parameters", "millions", "paper", "GFLOPs");
        for (Row r : rows) {
            out.printf(
                    Locale.ROOT,
                    format,
                    lastPart(r.model()),
                    r.depth(),
                    String.format(Locale.ROOT, "%,d", r.count().parameters()),
                    twoDecimals(r.count().millions()),
                    r.paper() == null ? "" : r.paper(),
                    twoDecimals(r.count().gflops()));
        }
    }

    /// A path's end says more than its beginning.
    private static String lastPart(String name) {
        return name.length() <= 24 ? name : "…" + name.substring(name.length() - 23);
    }

    private static void writeModules(ParameterCount count, PrintWriter out) {
        out.println();
        count.byModule()
                .forEach((module, n) ->
                        out.printf(Locale.ROOT, "  %-36s %,15d %7.2f %%%n", module, n, 100.0 * n / count.parameters()));
    }

    private static void writeJson(List<Row> rows, PrintWriter out) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            generator.writeStartArray();
            for (Row r : rows) {
                generator.writeStartObject();
                generator.writeStringProperty("model", r.model());
                generator.writeNumberProperty("depth", r.depth());
                generator.writeNumberProperty("parameters", r.count().parameters());
                if (r.paper() == null) {
                    generator.writeNullProperty("paper");
                } else {
                    generator.writeNumberProperty("paper", r.paper());
                }
                generator.writeNumberProperty("gflops", twoDecimals(r.count().gflops()));
                if (r.memory() != null) {
                    r.memory().write(generator);
                }
                generator.writeEndObject();
            }
            generator.writeEndArray();
        }
        out.println(text);
    }

    private static BigDecimal twoDecimals(double x) {
        return new BigDecimal(x).setScale(2, RoundingMode.HALF_UP);
    }
}

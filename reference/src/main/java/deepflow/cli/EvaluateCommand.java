package deepflow.cli;

import deepflow.io.Npy;
import deepflow.metric.Features;
import deepflow.metric.FrechetDistance;
import deepflow.metric.InceptionScore;
import deepflow.metric.NeighbourClassifier;
import deepflow.metric.PrecisionRecall;
import deepflow.report.EvaluationReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `deepflow evaluate`: how good samples are.
@Command(
        name = "evaluate",
        header = "Measures samples against a reference.",
        sortOptions = false,
        description = {
            "",
            "Compares samples with a reference: Frechet distance (squared, of Gaussians), precision and recall"
                    + " (k-nearest-neighbour manifolds), accuracy of their labels (by nearest reference samples); and the"
                    + " Inception score of logits.",
            "",
            "It compares the numbers it is given, pixels as they are: for the FID of the literature give Inception"
                    + " features, or saved mu and sigma (docs/sampling.md).",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  deepflow evaluate --samples samples/samples.npz --reference digits",
            "  deepflow evaluate --samples features.npy --reference VIRTUAL_imagenet256.npz \\",
            "      --metric frechet --json",
            "  deepflow evaluate --logits logits.npy --splits 10"
        })
final class EvaluateCommand implements Callable<Integer> {
    private enum Metric {
        FRECHET,
        PRECISION_RECALL,
        ACCURACY,
        INCEPTION;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Option(
            names = "--samples",
            paramLabel = "FILE",
            description = "Samples: npz with arr_0 (and labels arr_1) or with mu and sigma, or npy (N, ...).")
    private @Nullable String samples;

    @Option(
            names = "--reference",
            paramLabel = "FILE|digits",
            description = "What to compare with: the same kinds of files, or digits.")
    private @Nullable String reference;

    @Option(names = "--labels", paramLabel = "FILE.npy", description = "Classes of the samples, for the accuracy.")
    private @Nullable Path labels;

    @Option(names = "--logits", paramLabel = "FILE.npy", description = "Logits (N, K), for the Inception score.")
    private @Nullable Path logits;

    @Option(
            names = "--metric",
            split = ",",
            paramLabel = "frechet|precision-recall|accuracy|inception",
            description = "Which, separated by commas (default: all that the files allow).")
    private @Nullable List<Metric> metrics;

    @Option(
            names = "--neighbours",
            paramLabel = "K",
            defaultValue = "3",
            description = "Neighbours for precision, recall and accuracy (default: ${DEFAULT-VALUE}).")
    private int neighbours;

    @Option(
            names = "--splits",
            paramLabel = "N",
            defaultValue = "10",
            description = "Splits of the Inception score (default: ${DEFAULT-VALUE}).")
    private int splits;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Mixin
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private final CommonOptions common = new CommonOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    @Override
    public Integer call() {
        check((samples == null) == (reference == null), "--samples and --reference go together.");
        check(samples != null || logits != null, "Evaluate what? Say --samples and --reference, or --logits.");
        EvaluationSet drawn = samples == null ? null : EvaluationSet.read(samples);
        if (drawn != null && labels != null) {
            drawn = drawn.withLabels(labels);
        }
        EvaluationSet real = reference == null ? null : EvaluationSet.read(reference);
        Map<String, Double> values = new LinkedHashMap<>();
        try {
            for (Metric metric : wanted(drawn, real)) {
                measure(metric, drawn, real, values);
            }
        } catch (IllegalArgumentException e) {
            throw new UserException("Cannot evaluate: " + e.getMessage() + ".", e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(EvaluationReport.json(values));
        } else {
            EvaluationReport.lines(values).forEach(out::println);
        }
        return ExitCode.FINE;
    }

    private static void check(boolean condition, String sentence) {
        if (!condition) {
            throw new UserException(sentence);
        }
    }

    private Set<Metric> wanted(@Nullable EvaluationSet drawn, @Nullable EvaluationSet real) {
        if (metrics != null) {
            return EnumSet.copyOf(new ArrayList<>(metrics));
        }
        Set<Metric> possible = EnumSet.noneOf(Metric.class);
        if (drawn != null && real != null) {
            possible.add(Metric.FRECHET);
            if (drawn.features() != null && real.features() != null) {
                possible.add(Metric.PRECISION_RECALL);
                if (drawn.labels() != null && real.labels() != null) {
                    possible.add(Metric.ACCURACY);
                }
            }
        }
        if (logits != null) {
            possible.add(Metric.INCEPTION);
        }
        return possible;
    }

    private void measure(
            Metric metric, @Nullable EvaluationSet drawn, @Nullable EvaluationSet real, Map<String, Double> values) {
        if (metric == Metric.INCEPTION) {
            if (logits == null) {
                throw new UserException("The Inception score needs --logits.");
            }
            Features rows = EvaluationSet.features(logits.toString(), Npy.read(logits));
            InceptionScore score = InceptionScore.of(rows, splits);
            values.put("inception score", score.mean());
            values.put("inception score deviation", score.deviation());
            return;
        }
        if (drawn == null || real == null) {
            throw new UserException("The metric " + metric + " needs --samples and --reference.");
        }
        switch (metric) {
            case FRECHET -> values.put("frechet distance", FrechetDistance.between(drawn.gaussian(), real.gaussian()));
            case PRECISION_RECALL -> {
                String purpose = "precision and recall";
                PrecisionRecall both = PrecisionRecall.of(drawn.required(purpose), real.required(purpose), neighbours);
                values.put("precision", both.precision());
                values.put("recall", both.recall());
            }
            case ACCURACY -> {
                if (drawn.labels() == null || real.labels() == null) {
                    throw new UserException(
                            "The accuracy needs labels of samples and reference: arr_1 in the npz, or" + " --labels.");
                }
                NeighbourClassifier classifier =
                        new NeighbourClassifier(real.required("the accuracy"), real.labels(), neighbours);
                values.put("accuracy", classifier.accuracy(drawn.required("the accuracy"), drawn.labels()));
            }
            case INCEPTION -> throw new IllegalStateException("measured above");
        }
    }
}

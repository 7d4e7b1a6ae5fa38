package deepflow.cli;

import deepflow.model.StateDict;
import deepflow.model.TimeDirection;
import deepflow.sample.Checkpoint;
import deepflow.tensor.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/// Which weights, for commands that run a trained model; added with `@Mixin`.
final class WeightsOptions {
    private static final Pattern LAST_NUMBER = Pattern.compile("(\\d{1,18})\\D*$");

    /// The choices of `--time-direction`.
    private enum Direction {
        DATA_AT_ZERO(TimeDirection.DATA_AT_ZERO),
        NOISE_AT_ZERO(TimeDirection.NOISE_AT_ZERO);

        private final TimeDirection meaning;

        Direction(TimeDirection meaning) {
            this.meaning = meaning;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private static final class Source {
        @Option(
                names = "--run",
                paramLabel = "RUN",
                description = "A folder that `deepflow train` wrote: the latest checkpoint.")
        private @Nullable Path run;

        @Option(
                names = "--weights",
                paramLabel = "FILE",
                description = "A safetensors file (or *.safetensors.index.json) of weights.")
        private @Nullable Path weights;
    }

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Source source;

    @Option(names = "--ema", description = "Use the moving average of the weights (names under ema.).")
    private boolean ema;

    @Option(
            names = "--config",
            paramLabel = "NAME|FILE.json",
            description = "The model, where the file does not say it in its metadata.")
    private @Nullable String config;

    @Option(
            names = "--time-direction",
            paramLabel = "data-at-zero|noise-at-zero",
            defaultValue = "data-at-zero",
            description = "Which way the model runs time; published SiT checkpoints: noise-at-zero (default:"
                    + " ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Direction direction;

    /// Reads the weights.
    Checkpoint read(Backend backend) {
        return Checkpoint.read(
                backend,
                file(),
                ema ? StateDict.Weights.EMA : StateDict.Weights.PLAIN,
                config == null ? null : ConfigArgument.resolve(config),
                direction.meaning);
    }

    private Path file() {
        if (source.weights != null) {
            return source.weights;
        }
        Path run = Objects.requireNonNull(source.run);
        return latest(run.resolve("checkpoints"))
                .or(() -> latest(run))
                .orElseThrow(() -> new UserException("The run " + run + " has no checkpoint: no *.safetensors file."));
    }

    /// The checkpoint whose name ends in the highest number.
    private static Optional<Path> latest(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all =
                    files.filter(f -> f.toString().endsWith(".safetensors")).toList();
            return all.stream()
                    .max(Comparator.comparingLong(WeightsOptions::number).thenComparing(Path::toString));
        } catch (IOException e) {
            throw new UserException("The run's folder " + folder + " cannot be read: " + e.getMessage() + ".", e);
        }
    }

    private static long number(Path file) {
        Matcher m = LAST_NUMBER.matcher(file.getFileName().toString());
        return m.find() ? Long.parseLong(m.group(1)) : -1;
    }
}

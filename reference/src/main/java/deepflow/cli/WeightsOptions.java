package deepflow.cli;

import deepflow.experiment.RunFolder;
import deepflow.model.StateDict;
import deepflow.model.TimeDirection;
import deepflow.sample.Checkpoint;
import deepflow.tensor.Backend;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/// Which weights, for commands that run a trained model; added with `@Mixin`.
final class WeightsOptions {
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
        Map.Entry<Long, Path> latest = new RunFolder(run).checkpoints().lastEntry();
        if (latest == null) {
            throw new UserException("There is no checkpoint in " + run + ": no step-….safetensors file.");
        }
        return latest.getValue();
    }
}

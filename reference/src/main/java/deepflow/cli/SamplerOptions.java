package deepflow.cli;

import deepflow.sample.DormandPrince;
import deepflow.sample.Euler;
import deepflow.sample.EulerMaruyama;
import deepflow.sample.Guidance;
import deepflow.sample.Heun;
import deepflow.sample.Sampler;
import java.util.Locale;
import picocli.CommandLine.Option;

/// How to sample, for commands that do; added with `@Mixin`.
final class SamplerOptions {
    private enum Method {
        EULER,
        HEUN,
        DOPRI5,
        SDE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--sampler",
            paramLabel = "euler|heun|dopri5|sde",
            defaultValue = "sde",
            description = "The method (default: ${DEFAULT-VALUE}, the paper's).")
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private Method method;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "250",
            description = "Steps (default: ${DEFAULT-VALUE}); dopri5 chooses its own.")
    private int steps;

    @Option(
            names = "--cfg",
            paramLabel = "G",
            defaultValue = "1",
            description = "Scale of classifier-free guidance; only above 1 there is any (default: ${DEFAULT-VALUE}).")
    private double scale;

    @Option(
            names = "--guidance-low",
            paramLabel = "A",
            defaultValue = "0",
            description = "Guide only where A <= t <= B; t runs from 1 (noise) to 0 (default: ${DEFAULT-VALUE}).")
    private double low;

    @Option(
            names = "--guidance-high",
            paramLabel = "B",
            defaultValue = "1",
            description = "See --guidance-low (default: ${DEFAULT-VALUE}).")
    private double high;

    /// The method.
    ///
    /// @throws UserException if there are too few steps
    Sampler sampler() {
        try {
            return switch (method) {
                case EULER -> new Euler(steps);
                case HEUN -> new Heun(steps);
                case DOPRI5 -> DormandPrince.PUBLISHED;
                case SDE -> new EulerMaruyama(steps);
            };
        } catch (IllegalArgumentException e) {
            throw new UserException("Cannot use --steps: " + e.getMessage() + ".", e);
        }
    }

    /// Guidance.
    ///
    /// @throws UserException if the numbers are out of range
    Guidance guidance() {
        try {
            return new Guidance(scale, low, high);
        } catch (IllegalArgumentException e) {
            throw new UserException("Cannot guide: " + e.getMessage() + ".", e);
        }
    }
}

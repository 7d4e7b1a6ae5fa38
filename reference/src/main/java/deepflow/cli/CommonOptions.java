package deepflow.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Options that every command takes; a command adds them with `@Mixin CommonOptions common`.
public final class CommonOptions {

    static final String STACKTRACE = "--stacktrace";

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli fills it before any option is read
    private CommandSpec command;

    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    // Read by Main from the arguments, so that it works for errors in the arguments too.
    @Option(names = STACKTRACE, description = "Show the stack trace of an error, not only its sentence.")
    @SuppressWarnings("UnusedVariable")
    private boolean stacktrace;

    /// How many threads may compute. It changes how long a result takes, never its bits.
    public int threads() {
        return threads;
    }

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Compute with N threads (default: one per processor). The result does not depend on it.")
    void setThreads(int threads) {
        if (threads < 1) {
            throw new ParameterException(
                    command.commandLine(), "Invalid value for option '--threads': " + threads + " is less than 1");
        }
        this.threads = threads;
    }
}

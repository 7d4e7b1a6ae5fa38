package deepflow.cli;

import deepflow.experiment.RunRefused;
import deepflow.io.FormatException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The entry of the command line: runs a command and turns its outcome into an exit code, see [ExitCode].
///
/// A command is a class with `@Command` that implements `Callable<Integer>`, takes [CommonOptions] as a mixin,
/// throws [UserException] when it cannot use what it was given, and is listed in `subcommands` below. It prints to
/// the writers of its `CommandSpec`, so that tests can read what it says.
@Command(
        name = "deepflow",
        description = {
            "",
            "DeepFlow (flow matching with deep supervision) as a numerical reference. It says whether another"
                    + " implementation's numbers are right for their precision, and which operation is the first wrong"
                    + " one; and it trains, samples and measures small models on a CPU.",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Main.Version.class,
        subcommands = {
            VerifyCommand.class,
            CheckCommand.class,
            DiffCommand.class,
            GoldenCommand.class,
            ParamsCommand.class,
            DemoCommand.class,
            TrainCommand.class,
            SampleCommand.class,
            EvaluateCommand.class,
            AblateCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 = fine, 1 = the numbers disagree, 2 = bad usage or bad input.",
            "Options for the JVM go into DEEPFLOW_JAVA_OPTS, for instance -Xmx8g."
        })
public final class Main implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli fills it
    private CommandSpec spec;

    // So that `deepflow --stacktrace COMMAND` is understood, as well as `deepflow COMMAND --stacktrace`.
    @Mixin
    @SuppressWarnings("UnusedVariable")
    private final CommonOptions common = new CommonOptions();

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version and exit.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean version;

    public static void main(String[] arguments) {
        Terminal.useRealStderr();
        PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        System.exit(run(out, err, arguments));
    }

    /// Runs one command line and returns its exit code: all of `main` that tests can call.
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return run(new CommandLine(new Main()), out, err, arguments);
    }

    static int run(CommandLine line, PrintWriter out, PrintWriter err, String... arguments) {
        Errors errors = new Errors(err, Arrays.asList(arguments).contains(CommonOptions.STACKTRACE));
        line.setOut(out)
                .setErr(err)
                .setUsageHelpAutoWidth(true)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, given) -> errors.explain(e))
                .setExecutionExceptionHandler((e, command, parsed) -> errors.explain(e));
        int code;
        try {
            code = line.execute(arguments);
        } catch (Throwable failure) { // OutOfMemoryError and its like, which picocli hands on
            code = errors.explain(failure);
        }
        out.flush();
        err.flush();
        return code;
    }

    /// Called when no command is given.
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which command?");
    }

    /// Says on stderr what went wrong, in one sentence.
    private record Errors(PrintWriter err, boolean stacktrace) {

        int explain(Throwable failure) {
            err.println("deepflow: " + sentence(failure).strip().replaceAll("\\s*\\R\\s*", " "));
            if (stacktrace) {
                failure.printStackTrace(err);
            }
            return ExitCode.UNUSABLE;
        }

        private static String sentence(Throwable failure) {
            if (failure instanceof ParameterException e) {
                String help = e.getCommandLine().getCommandSpec().qualifiedName() + " --help";
                return withoutFullStop(e.getMessage()) + " (see " + help + ").";
            }
            // A worker's failure comes wrapped; the first cause that was meant for people counts.
            for (Throwable t = failure; t != null; t = t.getCause()) {
                String known = known(t);
                if (known != null) {
                    return known;
                }
            }
            return "Unexpected " + failure.getClass().getSimpleName() + ": " + withoutFullStop(failure.getMessage())
                    + " (--stacktrace shows where).";
        }

        private static @Nullable String known(Throwable failure) {
            return switch (failure) {
                case UserException e -> e.getMessage();
                case FormatException e -> e.getMessage();
                case RunRefused e -> e.getMessage();
                case OutOfMemoryError e ->
                    "Out of memory with a heap of " + (Runtime.getRuntime().maxMemory() >> 20)
                            + " MiB: use a smaller model or batch, or give the JVM more, as in"
                            + " DEEPFLOW_JAVA_OPTS=-Xmx16g.";
                case NoSuchFileException e -> "There is no file " + e.getFile() + ".";
                case AccessDeniedException e -> "The file " + e.getFile() + " may not be accessed.";
                case FileNotFoundException e -> "A file cannot be opened: " + e.getMessage() + ".";
                default -> null;
            };
        }

        private static String withoutFullStop(@Nullable String message) {
            return message == null ? "no message" : message.strip().replaceAll("\\.$", "");
        }
    }

    /// The project's version, and the Java that runs it.
    static final class Version implements IVersionProvider {

        /// Program and version, for the files it writes.
        static String producer() {
            Properties properties = new Properties();
            try (InputStream in = Main.class.getResourceAsStream("version.properties")) {
                properties.load(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return "deepflow " + properties.getProperty("version");
        }

        @Override
        public String[] getVersion() {
            return new String[] {
                producer(),
                "Java " + Runtime.version() + " on " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch")
            };
        }
    }
}

package deepflow.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Properties;
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
/// A command is a class with `@Command` that implements `Callable<Integer>`, takes [CommonOptions] as a mixin, throws
/// [UserException] when it cannot use what it was given, and is listed in [Commands]. It prints to the writers
/// of its `CommandSpec`, so that tests can read what it says.
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
        return run(Commands.lineFor(arguments), out, err, arguments);
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

    /// Says on stderr what went wrong.
    private record Errors(PrintWriter err, boolean stacktrace) {

        int explain(Throwable failure) {
            err.println(Failure.line(failure));
            if (stacktrace) {
                failure.printStackTrace(err);
            }
            return ExitCode.UNUSABLE;
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

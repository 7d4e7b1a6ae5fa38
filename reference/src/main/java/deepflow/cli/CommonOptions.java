package deepflow.cli;

import picocli.CommandLine.Option;

/// Options that every command takes; a command adds them with `@Mixin CommonOptions common`.
public final class CommonOptions {

    @Option(names = "--stacktrace", description = "Show the stack trace of an error, not only its sentence.")
    private boolean stacktrace;
}

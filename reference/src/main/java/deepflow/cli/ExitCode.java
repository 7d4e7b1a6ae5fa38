package deepflow.cli;

/// What the program's exit code says.
public final class ExitCode {

    /// All is fine.
    public static final int FINE = 0;

    /// The numbers disagree: what was given could be read and judged, and it is wrong.
    public static final int DISAGREE = 1;

    /// Bad usage, bad input, or a failure of the program: nothing was judged.
    public static final int UNUSABLE = 2;

    private ExitCode() {}
}

package deepflow.cli;

import java.io.PrintWriter;
import java.io.Writer;

/// What the launcher runs to learn which classes a start needs; the JVM puts them into its AOT cache.
///
/// Commands that answer at once: with others the start does not matter.
final class Rehearsal {
    private Rehearsal() {}

    public static void main(String[] arguments) {
        PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
        Main.run(nowhere, nowhere, "--help");
        Main.run(nowhere, nowhere, "--version");
        Main.run(nowhere, nowhere, "params");
        Main.run(nowhere, nowhere, "params", "--json", "--config", "tiny-2t");
        Main.run(nowhere, nowhere, "check", "--help");
        Main.run(nowhere, nowhere, "no such command");
        Main.main(new String[] {"--version"}); // to the end of the process
    }
}

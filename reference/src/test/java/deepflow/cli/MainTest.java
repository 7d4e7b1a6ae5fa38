package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class MainTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /// A command that ends as it is told.
    @Command(name = "act")
    private static final class Act implements Callable<Integer> {

        @Mixin
        private final CommonOptions common = new CommonOptions();

        private final Callable<Integer> action;

        Act(Callable<Integer> action) {
            this.action = action;
        }

        @Override
        public Integer call() throws Exception {
            assertEquals(3, common.threads());
            return action.call();
        }
    }

    private int act(Callable<Integer> action, String... more) {
        CommandLine line = new CommandLine(new Main()).addSubcommand(new Act(action));
        String[] arguments = new String[more.length + 3];
        arguments[0] = "act";
        arguments[1] = "--threads";
        arguments[2] = "3";
        System.arraycopy(more, 0, arguments, 3, more.length);
        return Main.run(line, new PrintWriter(out), new PrintWriter(err), arguments);
    }

    private int run(String... arguments) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    }

    private void assertOneLine(String expected) {
        assertEquals(expected + System.lineSeparator(), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void helpAndVersionGoToStdout() {
        assertEquals(0, run("--help"));
        assertTrue(out.toString().startsWith("Usage: deepflow "), out.toString());
        out.getBuffer().setLength(0);
        assertEquals(0, run("--version"));
        assertTrue(out.toString().matches("(?s)deepflow [0-9]+\\.[0-9]+.*Java 25.*"), out.toString());
        assertEquals("", err.toString());
    }

    @Test
    void badUsageIsOneSentence() {
        assertEquals(2, run("--nope"));
        assertOneLine("deepflow: Unknown option: '--nope' (see deepflow --help).");
        err.getBuffer().setLength(0);
        assertEquals(2, run());
        assertOneLine("deepflow: Which command? (see deepflow --help).");
        err.getBuffer().setLength(0);
        assertEquals(2, act(() -> 0, "--threads=0"));
        assertTrue(err.toString().endsWith("(see deepflow act --help)." + System.lineSeparator()), err.toString());
    }

    @Test
    void whatIsNoCommandAndWhatIsTooMuchIsSaid() {
        assertEquals(2, run("chekc", "step.safetensors"));
        assertTrue(err.toString().startsWith("deepflow: There is no command 'chekc'; is check or "), err.toString());
        err.getBuffer().setLength(0);
        assertEquals(2, run("params", "digits", "tiny-2t"));
        assertOneLine("deepflow: 'digits' is one argument too many (see deepflow params --help).");
    }

    /// An example that is pasted into a shell runs as it is: no line of it is broken but after a backslash.
    @Test
    void examplesInHelpCanBePasted() {
        for (String command : Commands.lineFor().getSubcommands().keySet()) {
            out.getBuffer().setLength(0);
            assertEquals(0, run(command, "--help"));
            List<String> lines = out.toString().lines().toList();
            int at = lines.indexOf("Examples:") + 1;
            assertTrue(at > 0, command);
            boolean goesOn = false;
            for (; at < lines.size() && !lines.get(at).isBlank(); at++) {
                String line = lines.get(at);
                assertTrue(line.startsWith(goesOn ? "      " : "  ") && (goesOn || line.contains("deepflow ")), line);
                goesOn = line.endsWith("\\");
            }
            assertFalse(goesOn, command);
        }
    }

    @Test
    void commandsDecideTheExitCode() {
        assertEquals(0, act(() -> 0));
        assertEquals(1, act(() -> 1));
        assertEquals("", err.toString());
    }

    @Test
    void failuresAreOneSentenceAndNeverExitCodeOne() {
        assertEquals(2, act(() -> {
            throw new UserException("The file x is empty,\n and so not a dump.");
        }));
        assertOneLine("deepflow: The file x is empty, and so not a dump.");
        err.getBuffer().setLength(0);
        assertEquals(2, act(() -> {
            throw new IllegalStateException("odd.");
        }));
        assertOneLine("deepflow: Unexpected IllegalStateException: odd (--stacktrace shows where).");
        err.getBuffer().setLength(0);
        assertEquals(2, act(() -> {
            throw new NoSuchFileException("a.safetensors");
        }));
        assertOneLine("deepflow: There is no file a.safetensors.");
    }

    @Test
    void outOfMemoryIsExplainedAlsoFromAWorker() {
        assertEquals(2, act(() -> {
            throw new OutOfMemoryError("Java heap space");
        }));
        assertTrue(err.toString().startsWith("deepflow: Out of memory with a heap of "), err.toString());
        err.getBuffer().setLength(0);
        assertEquals(2, act(() -> {
            throw new ExecutionException(new OutOfMemoryError("Java heap space"));
        }));
        assertTrue(err.toString().startsWith("deepflow: Out of memory with a heap of "), err.toString());
    }

    @Test
    void stacktraceOnDemand() {
        assertEquals(
                2,
                act(
                        () -> {
                            throw new UserException("No.");
                        },
                        "--stacktrace"));
        assertTrue(err.toString().startsWith("deepflow: No." + System.lineSeparator()), err.toString());
        assertTrue(err.toString().contains("\tat deepflow.cli.MainTest"), err.toString());
    }
}

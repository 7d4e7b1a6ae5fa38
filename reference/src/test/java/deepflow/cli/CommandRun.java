package deepflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;

/// One command line, run in this JVM.
///
/// @param code its exit code
/// @param out what it printed to stdout
/// @param err what it printed to stderr
record CommandRun(int code, String out, String err) {
    static CommandRun of(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), texts);
        return new CommandRun(code, out.toString(), err.toString());
    }

    List<String> lines() {
        return out.lines().toList();
    }

    /// Exit code 2 and nothing but one printable sentence on stderr.
    CommandRun assertUnusable() {
        assertEquals(2, code, () -> out + err);
        assertEquals("", out);
        assertSentences(1);
        return this;
    }

    /// So many printable sentences on stderr, each with the program's name, none of them a surprise.
    void assertSentences(int count) {
        assertEquals(count, err.lines().count(), err);
        err.lines().forEach(line -> {
            assertTrue(line.startsWith("deepflow: "), line);
            assertTrue(line.endsWith(".") || line.endsWith("…"), line);
            assertTrue(line.length() < 2100, line);
            assertFalse(line.startsWith("deepflow: Unexpected "), line);
            assertFalse(line.contains("Out of memory"), line);
            assertFalse(
                    line.codePoints()
                            .anyMatch(c -> Character.isISOControl(c)
                                    || Character.getType(c) == Character.FORMAT
                                    || Character.getType(c) == Character.SURROGATE),
                    line);
        });
    }
}

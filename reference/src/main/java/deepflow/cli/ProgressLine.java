package deepflow.cli;

import java.io.PrintWriter;

/// One line on stderr that says how far a long computation is; silent unless stderr is a terminal.
final class ProgressLine implements AutoCloseable {
    private final PrintWriter err;
    private final String what;
    private final boolean shown;
    private int percent = -1;

    /// @param what is going on, as in `sampling`
    ProgressLine(PrintWriter err, String what) {
        this.err = err;
        this.what = what;
        this.shown = Terminal.stderr();
    }

    /// @param fraction done, from 0 to 1
    void at(double fraction) {
        int now = (int) (100 * fraction);
        if (shown && now != percent) {
            percent = now;
            err.print("\r" + what + " " + now + " %");
            err.flush();
        }
    }

    /// Clears the line.
    @Override
    public void close() {
        if (shown && percent >= 0) {
            err.print("\r" + " ".repeat(what.length() + 6) + "\r");
            err.flush();
        }
    }
}

package deepflow.cli;

import deepflow.experiment.RunListener;
import deepflow.train.StepResult;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/// Shows how a run goes on stderr: a bar with loss, rate and time left on a terminal, otherwise a line now
/// and then.
final class TrainingProgress implements RunListener, AutoCloseable {
    private static final long LINE_EVERY_NANOS = 10_000_000_000L;
    private static final int BAR_MILLIS = 200;
    /// Losses of single steps jump; the shown one is averaged over about this many.
    private static final double SMOOTH = 20;

    private final PrintWriter err;
    private final boolean terminal;
    private final String title;
    private final boolean talkative;
    private @Nullable ProgressBar bar;
    private long steps;
    private double loss = Double.NaN;
    private long begun;
    private long before;
    private long lastLine;

    private TrainingProgress(PrintWriter err, boolean terminal, String title, boolean talkative) {
        this.err = err;
        this.terminal = terminal;
        this.title = title;
        this.talkative = talkative;
    }

    /// Tells of steps, resuming and files.
    static TrainingProgress on(CommandLine line, String title) {
        return new TrainingProgress(line.getErr(), Terminal.stderr(), title, true);
    }

    /// Tells of steps alone.
    static TrainingProgress quiet(CommandLine line, String title) {
        return new TrainingProgress(line.getErr(), Terminal.stderr(), title, false);
    }

    @Override
    public void begins(long done, long steps, Resume resume) {
        this.steps = steps;
        this.before = done;
        this.begun = System.nanoTime();
        this.lastLine = begun;
        switch (resume) {
            case NEW -> {}
            case STARTS_OVER -> {
                if (talkative) {
                    err.println("There is no checkpoint yet: the run starts over.");
                }
            }
            case CONTINUES ->
                err.println(
                        done == steps
                                ? "The run has taken all " + steps + " steps."
                                : "Resumed after step " + done + ".");
        }
        err.flush();
        if (terminal && done < steps) {
            bar = new ProgressBarBuilder()
                    .setTaskName(title)
                    .setInitialMax(steps)
                    .startsFrom(done, Duration.ZERO)
                    .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                    .setUpdateIntervalMillis(BAR_MILLIS)
                    .setUnit(" steps", 1)
                    .setSpeedUnit(ChronoUnit.SECONDS)
                    .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT)))
                    .setConsumer(new ConsoleProgressBarConsumer(System.err))
                    .build();
        }
    }

    @Override
    public void step(long step, StepResult r) {
        loss = Double.isNaN(loss) ? r.total() : loss + (r.total() - loss) / SMOOTH;
        String shown = String.format(Locale.ROOT, "loss %.4f", loss);
        ProgressBar b = bar;
        if (b != null) {
            b.setExtraMessage(" " + shown);
            b.stepTo(step);
            return;
        }
        long now = System.nanoTime();
        if (!terminal && (now - lastLine > LINE_EVERY_NANOS || step == steps)) {
            lastLine = now;
            double rate = (step - before) / ((now - begun) * 1e-9);
            err.printf(
                    Locale.ROOT,
                    "step %d of %d, %s, %.1f steps/s, %s left%n",
                    step,
                    steps,
                    shown,
                    rate,
                    time(Math.round((steps - step) / rate)));
            err.flush();
        }
    }

    private static String time(long seconds) {
        return seconds < 3600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    @Override
    public void wrote(Path file) {
        if (!terminal && talkative) {
            err.println("wrote " + file);
            err.flush();
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}

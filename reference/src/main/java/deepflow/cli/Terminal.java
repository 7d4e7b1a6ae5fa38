package deepflow.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;

/// What the launcher tells about the standard streams.
///
/// The JVM prints one line about incubator modules to descriptor 2 before any Java code runs. The launcher therefore
/// gives it a filter there, keeps the real stderr as descriptor 3, and says so in `deepflow.stderr`. Without the
/// launcher none of this is set and `System.err` stays what it is.
public final class Terminal {

    private Terminal() {}

    /// Lets `System.err` write to the real stderr, unfiltered and in order with stdout.
    ///
    /// It uses the inherited descriptor itself. Opening `/dev/fd/3` would not do: on Linux that is a second file
    /// position, so that `>file 2>&1` would overwrite itself, and for sockets it fails.
    static void useRealStderr() {
        Integer number = Integer.getInteger("deepflow.stderr");
        if (number == null) {
            return;
        }
        try {
            Constructor<FileDescriptor> constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
            constructor.setAccessible(true);
            FileOutputStream stream = new FileOutputStream(constructor.newInstance(number));
            System.setErr(new PrintStream(stream, true, System.err.charset()));
        } catch (ReflectiveOperationException | RuntimeException e) {
            // The filter still hands everything on, only a little later.
        }
    }

    /// Whether stderr, where progress is shown, is a terminal; without the launcher nobody knows, and the answer is no.
    public static boolean stderr() {
        return Boolean.getBoolean("deepflow.stderr.tty");
    }
}

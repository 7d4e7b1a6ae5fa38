package deepflow.cli;

import deepflow.experiment.RunRefused;
import deepflow.io.FormatException;
import deepflow.io.Text;
import deepflow.parallel.RanksFailure;
import deepflow.tensor.DeviceFailure;
import java.io.FileNotFoundException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// What went wrong, in one line for stderr: printable whatever names a file contains, and not endless.
final class Failure {
    private static final int LONGEST = 2000;

    private Failure() {}

    /// The line, which begins with the program's name.
    static String line(Throwable failure) {
        String sentence = sentence(failure).strip().replaceAll("\\s*\\R\\s*", " ");
        return "deepflow: " + Text.printable(sentence.length() <= LONGEST ? sentence : cut(sentence));
    }

    private static String cut(String sentence) {
        int end = Character.isHighSurrogate(sentence.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
        return sentence.substring(0, end) + "…";
    }

    /// What went wrong, for people.
    static String sentence(Throwable failure) {
        if (failure instanceof ParameterException e) {
            String help = e.getCommandLine().getCommandSpec().qualifiedName() + " --help";
            String wrong = e instanceof UnmatchedArgumentException u ? unmatched(u) : withoutFullStop(e.getMessage());
            return wrong + " (see " + help + ").";
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

    /// An argument that is no option and has no place: the name of a command, perhaps misspelt, where there are
    /// commands.
    private static String unmatched(UnmatchedArgumentException e) {
        if (e.isUnknownOption()) {
            return withoutFullStop(e.getMessage());
        }
        String first = "'" + e.getUnmatched().getFirst() + "'";
        if (e.getCommandLine().getSubcommands().isEmpty()) {
            return first + " is one argument too many";
        }
        List<String> alike = e.getSuggestions();
        return "There is no command " + first
                + (alike.isEmpty() ? "" : "; is " + String.join(" or ", alike) + " meant?");
    }

    private static @Nullable String known(Throwable failure) {
        return switch (failure) {
            case UserException e -> e.getMessage();
            case FormatException e -> e.getMessage();
            case RunRefused e -> e.getMessage();
            case DeviceFailure e -> e.getMessage();
            case RanksFailure e -> e.getMessage();
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

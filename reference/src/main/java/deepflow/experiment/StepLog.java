package deepflow.experiment;

import deepflow.io.AtomicFile;
import deepflow.io.FormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// A CSV file with a line for each step, in order; the first column is the step. Lines are written as steps
/// are taken; a process that is killed leaves at most its last line half written, and [#open] cuts off all
/// that comes after a checkpoint.
final class StepLog implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private StepLog(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /// Opens the file to go on after a step.
    ///
    /// @param header names of the columns
    /// @param step lines of later steps are removed; 0 starts over
    /// @param complete whether every step up to that one must have its line
    /// @throws FormatException if lines are missing
    static StepLog open(Path file, String header, long step, boolean complete) {
        List<String> kept = new ArrayList<>(List.of(header));
        if (step > 0 && Files.exists(file)) {
            for (String line : lines(file)) {
                if (isStep(line) && step(line) <= step) {
                    kept.add(line);
                }
            }
        }
        if (complete && kept.size() != step + 1) {
            throw new FormatException(file + " has " + (kept.size() - 1) + " of the " + step
                    + " lines up to the checkpoint: it was changed or removed, so the run cannot be resumed.");
        }
        AtomicFile.write(file, (String.join("\n", kept) + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            return new StepLog(file, FileChannel.open(file, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /// The complete lines of a file, without the header.
    static List<String> lines(Path file) {
        try {
            String text = Files.readString(file);
            int end = text.lastIndexOf('\n');
            return end < 0 ? List.of() : text.substring(0, end).lines().skip(1).toList();
        } catch (IOException e) {
            throw new FormatException(file + " cannot be read: " + e.getMessage() + ".", e);
        }
    }

    private static boolean isStep(String line) {
        return line.matches("\\d{1,18},.*");
    }

    private static long step(String line) {
        return Long.parseLong(line.substring(0, line.indexOf(',')));
    }

    void line(String line) {
        try {
            channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /// Brings all lines to the disk.
    void force() {
        try {
            channel.force(true);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static FormatException unwritable(Path file, IOException e) {
        return new FormatException(file + " cannot be written: " + e.getMessage() + ".", e);
    }
}

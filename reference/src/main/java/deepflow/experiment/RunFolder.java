package deepflow.experiment;

import deepflow.io.AtomicFile;
import deepflow.io.FormatException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The files of a run:
///
/// - `config.json`: its [RunConfig]; a folder that has one holds a run
/// - `schedule.json`: the [Schedule] that it was last started with
/// - `step-000800.safetensors`: checkpoints
/// - `metrics.csv`: the numbers of every step; `times.csv`: when each was taken, all that may differ
///   between two runs
/// - `curves.png`, `samples-000800.png`: pictures
/// - `.lock`: held by the process that trains
///
/// @param path the folder
public record RunFolder(Path path) {
    private static final Pattern CHECKPOINT = Pattern.compile("step-(\\d{6,18})\\.safetensors");
    private static final String TEMPORARY = ".deepflow-*.tmp";

    /// Whether there is a run in the folder.
    public boolean holdsRun() {
        return Files.exists(config()) || !checkpoints().isEmpty();
    }

    Path config() {
        return path.resolve("config.json");
    }

    private Path schedule() {
        return path.resolve("schedule.json");
    }

    Path metrics() {
        return path.resolve("metrics.csv");
    }

    Path times() {
        return path.resolve("times.csv");
    }

    /// The loss curves.
    public Path curves() {
        return path.resolve("curves.png");
    }

    /// The grid of samples after a step.
    public Path samples(long step) {
        return path.resolve(String.format(Locale.ROOT, "samples-%06d.png", step));
    }

    /// The checkpoint after a step.
    public Path checkpoint(long step) {
        return path.resolve(String.format(Locale.ROOT, "step-%06d.safetensors", step));
    }

    /// The checkpoints that are there, by step.
    public TreeMap<Long, Path> checkpoints() {
        TreeMap<Long, Path> all = new TreeMap<>();
        if (!Files.isDirectory(path)) {
            return all;
        }
        try (Stream<Path> files = Files.list(path)) {
            files.forEach(f -> {
                Matcher m = CHECKPOINT.matcher(f.getFileName().toString());
                if (m.matches()) {
                    all.put(Long.parseLong(m.group(1)), f);
                }
            });
        } catch (IOException e) {
            throw new FormatException(path + " cannot be read: " + e.getMessage() + ".", e);
        }
        return all;
    }

    /// The configuration of the run in the folder.
    public RunConfig readConfig() {
        try {
            return RunConfigJson.parse(Fields.object(Files.readString(config())));
        } catch (IOException | IllegalArgumentException e) {
            throw new FormatException(config() + " cannot be read: " + e.getMessage() + ".", e);
        }
    }

    void writeConfig(RunConfig config) {
        String text = Fields.pretty(RunConfigJson.write(config));
        AtomicFile.write(config(), text.getBytes(StandardCharsets.UTF_8));
    }

    /// The schedule that the run was last started with; the usual one if the folder has none.
    public Schedule readSchedule() {
        try {
            return Files.exists(schedule()) ? Schedule.parse(Files.readString(schedule())) : Schedule.USUAL;
        } catch (IOException | IllegalArgumentException e) {
            throw new FormatException(schedule() + " cannot be read: " + e.getMessage() + ".", e);
        }
    }

    void writeSchedule(Schedule schedule) {
        AtomicFile.write(schedule(), schedule.json().getBytes(StandardCharsets.UTF_8));
    }

    /// Removes all but the newest checkpoints.
    void prune(int keep) {
        TreeMap<Long, Path> all = checkpoints();
        while (all.size() > keep) {
            delete(all.pollFirstEntry().getValue());
        }
    }

    /// Removes the files of the run that it holds, and no others.
    void clear() {
        checkpoints().values().forEach(RunFolder::delete);
        List.of(config(), schedule(), metrics(), times(), curves()).forEach(RunFolder::delete);
        if (Files.isDirectory(path)) {
            sweep();
        }
    }

    /// Removes what a killed process had begun to write.
    void sweep() {
        try (var half = Files.newDirectoryStream(path, TEMPORARY)) {
            half.forEach(RunFolder::delete);
        } catch (IOException e) {
            throw new FormatException(path + " cannot be read: " + e.getMessage() + ".", e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new FormatException(file + " cannot be removed: " + e.getMessage() + ".", e);
        }
    }

    /// Makes the folder, if need be, and claims it for this process; the system ends the claim with the
    /// process.
    ///
    /// @return to be closed at the end
    /// @throws RunRefused if another process trains in the folder
    FileChannel claim() {
        try {
            Files.createDirectories(path);
            FileChannel channel =
                    FileChannel.open(path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!locked(channel)) {
                channel.close();
                throw new RunRefused("Another process is training in " + path + ".");
            }
            return channel;
        } catch (IOException e) {
            throw new FormatException(path + " cannot be used as a run's folder: " + e.getMessage() + ".", e);
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException _) {
            return false; // by this very process
        }
    }
}

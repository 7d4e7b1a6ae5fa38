package deepflow.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.data.ToyPoints;
import deepflow.io.FormatException;
import deepflow.io.TensorSource;
import deepflow.model.StateDict;
import deepflow.parallel.LocalRanks;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.train.StepResult;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
    static final String TINY = "{\"model\": {\"size\": 8, \"patch\": 4, \"channels\": 1, \"classes\": 10, \"width\": 8,"
            + " \"depth\": 2, \"heads\": 2, \"k\": 2, \"acc\": 8}, \"batch\": 6, \"lr\": 0.003%s}";
    private static final int STEPS = 9;
    private static final DataSet DIGITS = new DataSets(Path.of("..", "testdata")).open("digits", 10, null);

    @TempDir
    Path folder;

    /// What a killed process does: stops in the middle of things.
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static RunConfig config(String more) {
        return RunConfigJson.parse(Fields.object(TINY.formatted(more)));
    }

    private static void train(Path path, RunConfig config, long steps, boolean resume, RunListener listener) {
        try (Backend b = Backends.open("cpu", config.precision(), 1)) {
            new TrainingRun(new RunFolder(path), config, DIGITS, "test")
                    .train(b, new Schedule(steps, 3, 2, false), resume, listener);
        }
    }

    private static void assertSameRun(Path expected, Path actual) throws IOException {
        assertEquals(names(expected), names(actual));
        for (String name : names(expected)) {
            if (!name.equals("times.csv")) {
                assertArrayEquals(
                        Files.readAllBytes(expected.resolve(name)), Files.readAllBytes(actual.resolve(name)), name);
            }
        }
    }

    private static List<String> names(Path run) throws IOException {
        try (var files = Files.list(run)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 6, 8, 9})
    void aRunInterruptedAfterAnyStepEndsWithTheSameBytes(int cut) throws IOException {
        RunConfig config = config("");
        Path whole = folder.resolve("whole");
        Path cutOff = folder.resolve("cut");
        train(whole, config, STEPS, false, RunListener.SILENT);
        assertThrows(
                Killed.class,
                () -> train(cutOff, config, STEPS, false, new RunListener() {
                    @Override
                    public void step(long step, StepResult result) {
                        if (step == cut) {
                            throw new Killed();
                        }
                    }
                }));
        // and what a kill can leave besides: half a line, half a file
        Files.writeString(
                cutOff.resolve("metrics.csv"), Files.readString(cutOff.resolve("metrics.csv")) + cut + ",0.3");
        Files.writeString(cutOff.resolve(".deepflow-1234.tmp"), "half");
        train(cutOff, config, STEPS, true, RunListener.SILENT);
        assertSameRun(whole, cutOff);
        assertEquals(
                List.of(
                        ".lock",
                        "config.json",
                        "metrics.csv",
                        "schedule.json",
                        "step-000006.safetensors",
                        "step-000009.safetensors",
                        "times.csv"),
                names(whole));
    }

    /// Two and three processes, each with its own back end: the folder has the bytes of one that computes all
    /// parts.
    @ParameterizedTest
    @CsvSource({"2, f32, 2", "2, f64, 6", "3, f32, 3", "3, f32, 6"})
    void manyRanksLeaveTheBytesOfOne(int count, String precision, int parts) throws Exception {
        RunConfig config = config(", \"precision\": \"" + precision + "\", \"accumulate\": " + parts);
        Path one = folder.resolve("one");
        Path many = folder.resolve("many");
        train(one, config, STEPS, false, RunListener.SILENT);
        for (int steps : new int[] {6, STEPS}) { // and resumed in between
            List<Integer> told = LocalRanks.run(count, ranks -> {
                int[] taken = {0};
                RunListener counter = new RunListener() {
                    @Override
                    public void step(long step, StepResult result) {
                        taken[0]++;
                    }
                };
                try (Backend b = Backends.open("cpu", config.precision(), 1)) {
                    new TrainingRun(new RunFolder(many), config, DIGITS, "test")
                            .train(b, ranks, new Schedule(steps, 3, 2, false), steps > 6, counter);
                }
                return taken[0];
            });
            assertEquals(steps == 6 ? 6 : 3, told.getFirst());
            assertEquals(0, told.stream().skip(1).mapToInt(Integer::intValue).sum()); // rank 0 alone tells
        }
        assertSameRun(one, many);
    }

    @Test
    void partsThatCannotBeSharedOutAreRefused() {
        RunConfig config = config(", \"accumulate\": 3");
        var e = assertThrows(
                ExecutionException.class,
                () -> LocalRanks.run(2, ranks -> {
                    try (Backend b = Backends.open("cpu", config.precision(), 1)) {
                        return new TrainingRun(new RunFolder(folder.resolve("a")), config, DIGITS, "test")
                                .train(b, ranks, new Schedule(3, 3, 2, false), false, RunListener.SILENT);
                    }
                }));
        assertEquals(
                "2 processes compute parts of a batch, and 3 cannot be shared out equally: add --accumulate 2 or a"
                        + " multiple of it.",
                e.getCause().getMessage());
    }

    /// A checkpoint that only rank 0 sees.
    @Test
    void aFolderThatNotAllSeeIsSaid() {
        RunConfig config = config(", \"accumulate\": 2");
        Path own = folder.resolve("own");
        train(own, config, 3, false, RunListener.SILENT);
        var e = assertThrows(
                ExecutionException.class,
                () -> LocalRanks.run(2, ranks -> {
                    Path path = ranks.rank() == 0 ? own : folder.resolve("elsewhere");
                    try (Backend b = Backends.open("cpu", config.precision(), 1)) {
                        return new TrainingRun(new RunFolder(path), config, DIGITS, "test")
                                .train(b, ranks, new Schedule(5, 3, 2, false), true, RunListener.SILENT);
                    }
                }));
        assertTrue(
                e.getCause().getMessage().startsWith("Rank 1 does not see "),
                e.getCause().getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ", \"precision\": \"f64\", \"accumulate\": 3, \"path\": \"cosine\", \"time\": \"uniform\""})
    void aRunCanGoOnBeyondItsEnd(String more) throws IOException {
        RunConfig config = config(more);
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        train(whole, config, STEPS, false, RunListener.SILENT);
        train(parts, config, 6, false, RunListener.SILENT);
        train(parts, config, STEPS, true, RunListener.SILENT);
        assertSameRun(whole, parts);
        train(parts, config, STEPS, true, RunListener.SILENT); // nothing is left to do
        assertSameRun(whole, parts);
        RunRefused e = assertThrows(RunRefused.class, () -> train(parts, config, 6, true, RunListener.SILENT));
        assertTrue(e.getMessage().contains("already taken 9 steps"), e.getMessage());
    }

    @Test
    void aFolderThatHoldsARunIsRefused() {
        train(folder, config(""), 1, false, RunListener.SILENT);
        RunRefused e = assertThrows(RunRefused.class, () -> train(folder, config(""), 2, false, RunListener.SILENT));
        assertTrue(e.getMessage().contains("add --resume"), e.getMessage());
        RunRefused other = assertThrows(
                RunRefused.class, () -> train(folder, config(", \"alpha\": 0.2"), 2, true, RunListener.SILENT));
        assertTrue(other.getMessage().contains("with another alpha"), other.getMessage());
    }

    /// A slip in the folder's name must not begin another run.
    @Test
    void whereThereIsNoRunNoneIsResumed() {
        Path elsewhere = folder.resolve("elsewhere");
        RunRefused e = assertThrows(RunRefused.class, () -> train(elsewhere, config(""), 1, true, RunListener.SILENT));
        assertTrue(e.getMessage().contains("holds no run"), e.getMessage());
        assertFalse(Files.exists(elsewhere.resolve("config.json")));
    }

    @Test
    void resumingBeforeTheFirstCheckpointStartsOverAndSaysSo() {
        assertThrows(
                Killed.class,
                () -> train(folder, config(""), STEPS, false, new RunListener() {
                    @Override
                    public void step(long step, StepResult result) {
                        throw new Killed();
                    }
                }));
        List<RunListener.Resume> told = new ArrayList<>();
        RunListener listener = new RunListener() {
            @Override
            public void begins(long done, long steps, Resume resume) {
                told.add(resume);
            }
        };
        train(folder, config(""), STEPS, true, listener);
        train(folder, config(""), STEPS, true, listener);
        assertEquals(List.of(RunListener.Resume.STARTS_OVER, RunListener.Resume.CONTINUES), told);
    }

    @Test
    void lostMetricsAndForeignCheckpointsAreNoticed() throws IOException {
        train(folder, config(""), 3, false, RunListener.SILENT);
        String metrics = Files.readString(folder.resolve("metrics.csv"));
        Files.writeString(folder.resolve("metrics.csv"), metrics.replaceFirst("\n2,.*", ""));
        FormatException e =
                assertThrows(FormatException.class, () -> train(folder, config(""), 6, true, RunListener.SILENT));
        assertTrue(e.getMessage().contains("2 of the 3 lines"), e.getMessage());
        Files.writeString(folder.resolve("metrics.csv"), metrics);
        Files.move(folder.resolve("step-000003.safetensors"), folder.resolve("step-000004.safetensors"));
        FormatException step =
                assertThrows(FormatException.class, () -> train(folder, config(""), 6, true, RunListener.SILENT));
        assertTrue(step.getMessage().contains("another step"), step.getMessage());
    }

    @Test
    void twoProcessesDoNotTrainInOneFolder() throws IOException {
        try (FileChannel _ = new RunFolder(folder).claim()) {
            RunRefused e =
                    assertThrows(RunRefused.class, () -> train(folder, config(""), 1, false, RunListener.SILENT));
            assertTrue(e.getMessage().contains("Another process"), e.getMessage());
        }
    }

    @Test
    void aCheckpointHasAllThatIsNeeded() {
        RunConfig config = config("");
        train(folder, config, 3, false, RunListener.SILENT);
        try (TensorSource source = TensorSource.open(new RunFolder(folder).checkpoint(3))) {
            assertEquals("3", source.metadata().get("step"));
            assertEquals("1", source.metadata().get("seed"));
            assertEquals("18", source.metadata().get("position"));
            assertEquals("test", source.metadata().get("producer"));
            assertEquals("linear", source.metadata().get("path"));
            assertEquals(
                    config, RunConfigJson.parse(Fields.object(source.metadata().get("run"))));
            for (StateDict.Weights set : StateDict.Weights.values()) {
                StateDict dict = StateDict.of(source, set);
                assertEquals(config.model(), dict.config());
                assertTrue(dict.names().contains("blocks.0.attn.qkv.weight"));
            }
            assertTrue(source.names().containsAll(Set.of("m.final_layer.1.linear.bias", "v.x_embedder.proj.weight")));
        }
    }

    @Test
    void aLossThatIsNotFiniteStopsWithStepTensorAndCheckpoint() {
        RunConfig config = config("");
        DataSet poisoned = poisoned(4);
        RunFolder run = new RunFolder(folder);
        try (Backend b = Backends.open("cpu", config.precision(), 1)) {
            RunRefused e = assertThrows(
                    RunRefused.class,
                    () -> new TrainingRun(run, config, poisoned, "test")
                            .train(b, new Schedule(400, 1000, 1, false), false, RunListener.SILENT));
            assertTrue(
                    e.getMessage().matches("Step \\d+: the first tensor that is not finite is in\\.x0 .*"),
                    e.getMessage());
            long step = Long.parseLong(e.getMessage().replaceAll("Step (\\d+):.*", "$1"));
            assertTrue(Files.exists(run.checkpoint(step - 1)), e.getMessage());
            assertEquals(step - 1, StepLog.lines(run.metrics()).size());
            // resumed, it stops at the same place
            RunRefused again = assertThrows(
                    RunRefused.class,
                    () -> new TrainingRun(run, config, poisoned, "test")
                            .train(b, new Schedule(400, 1000, 1, false), true, RunListener.SILENT));
            assertEquals(e.getMessage(), again.getMessage());
        }
    }

    /// The digits, one of which has a NaN.
    private static DataSet poisoned(int which) {
        return new DataSet() {
            @Override
            public String id() {
                return "digits";
            }

            @Override
            public int count() {
                return 60;
            }

            @Override
            public int channels() {
                return 1;
            }

            @Override
            public int side() {
                return 8;
            }

            @Override
            public int classes() {
                return 10;
            }

            @Override
            public double[] image(int index, long seed, long visit) {
                double[] image = DIGITS.image(index, seed, visit);
                image[0] = index == which ? Double.NaN : image[0];
                return image;
            }

            @Override
            public int label(int index) {
                return DIGITS.label(index);
            }
        };
    }

    @Test
    void dataThatDoNotFitTheModelAreRefused() {
        RunConfig config = config("");
        try (Backend b = Backends.open("cpu", config.precision(), 1)) {
            RunRefused e = assertThrows(
                    RunRefused.class,
                    () -> new TrainingRun(new RunFolder(folder), config, ToyPoints.MOONS, "test")
                            .train(b, new Schedule(1, 1, 1, false), false, RunListener.SILENT));
            assertTrue(e.getMessage().contains("moons has images of 2×1×1, the model takes 1×8×8"), e.getMessage());
        }
        assertFalse(Files.exists(folder.resolve("config.json")));
    }

    @Test
    void picturesAreDrawnAtCheckpoints() throws IOException {
        RunConfig config = config("");
        try (Backend b = Backends.open("cpu", config.precision(), 1)) {
            new TrainingRun(new RunFolder(folder), config, DIGITS, "test")
                    .train(b, new Schedule(2, 1, 1, true), false, RunListener.SILENT);
        }
        for (String name : List.of("curves.png", "samples-000001.png", "samples-000002.png")) {
            byte[] png = Files.readAllBytes(folder.resolve(name));
            assertTrue(png.length > 500 && png[1] == 'P' && png[2] == 'N' && png[3] == 'G', name);
        }
    }
}

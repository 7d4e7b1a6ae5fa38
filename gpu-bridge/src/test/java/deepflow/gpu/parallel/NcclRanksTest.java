package deepflow.gpu.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.experiment.RunConfig;
import deepflow.experiment.RunConfigJson;
import deepflow.experiment.RunFolder;
import deepflow.experiment.RunListener;
import deepflow.experiment.Schedule;
import deepflow.experiment.TrainingRun;
import deepflow.gpu.CudaBackend;
import deepflow.gpu.device.KernelCache;
import deepflow.gpu.simulator.Simulator;
import deepflow.parallel.Ranks;
import deepflow.parallel.Star;
import deepflow.parallel.World;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Two simulated GPUs, each with a thread in the place of a process, connected by the simulator's NCCL.
class NcclRanksTest {
    @TempDir
    private Path kernels;

    @TempDir
    private Path folder;

    /// What a rank does.
    private interface Work {
        String on(Ranks ranks, CudaBackend b);
    }

    /// What each rank said, or the message it failed with.
    private List<String> together(DType type, Work work) throws IOException, InterruptedException {
        Simulator simulator = Simulator.install().devices(2).memory(1L << 28).reset();
        String library = simulator.directory().resolve(Nccl.LIBRARY).toString();
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        List<Callable<String>> all = new ArrayList<>();
        for (int r = 0; r < 2; r++) {
            World world = new World(r, 2, "localhost", port);
            all.add(() -> {
                BackendOptions options = BackendOptions.of(type, 1);
                try (CudaBackend b = new CudaBackend(world.rank(), options, new KernelCache(kernels));
                        Ranks ranks = NcclRanks.connect(
                                Nccl.load(library), Star.meet(world, "test", Duration.ofMinutes(2)))) {
                    return work.on(ranks, b);
                }
            });
        }
        List<String> said = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (Future<String> one : threads.invokeAll(all)) {
                try {
                    said.add(one.get());
                } catch (ExecutionException e) {
                    said.add(e.getCause().getMessage());
                }
            }
        }
        return said;
    }

    @Test
    void tensorsAreGatheredInTheOrderOfRanks() throws Exception {
        for (DType type : List.of(DType.F32, DType.F64)) {
            assertEquals(List.of("gathered", "gathered"), together(type, (ranks, b) -> {
                for (int round = 0; round < 3; round++) {
                    double[][] values = {{1 + round, 0.5, -0.0, 4, 5, 6}, {7, 8, 9 * round, 10, 11, 0.25}};
                    List<Tensor> all = ranks.gather(b, b.upload(values[ranks.rank()], Shape.of(2, 3)));
                    ranks.check();
                    for (int r = 0; r < 2; r++) {
                        assertEquals(Shape.of(2, 3), all.get(r).shape());
                        assertArrayEquals(values[r], b.download(all.get(r)));
                    }
                }
                return "gathered";
            }));
        }
    }

    /// A run of two GPUs leaves the bytes of a run of one with as many parts a batch.
    @Test
    void twoTrainAsOneDoes() throws Exception {
        RunConfig config = RunConfigJson.parse((ObjectNode) new JsonMapper()
                .readTree("{\"model\": {\"size\": 8, \"patch\": 4, \"channels\": 1, \"classes\": 10, \"width\": 8,"
                        + " \"depth\": 2, \"heads\": 2, \"k\": 2, \"acc\": 8}, \"batch\": 4, \"accumulate\": 2,"
                        + " \"lr\": 0.003, \"precision\": \"f32\"}"));
        DataSet digits = new DataSets(Path.of("..", "testdata")).open("digits", 10, null);
        Schedule schedule = new Schedule(5, 5, 1, false);
        Path two = folder.resolve("two");
        assertEquals(List.of("trained", "trained"), together(DType.F32, (ranks, b) -> {
            new TrainingRun(new RunFolder(two), config, digits, "test")
                    .train(b, ranks, schedule, false, RunListener.SILENT);
            return "trained";
        }));
        Path one = folder.resolve("one");
        Simulator.install().reset();
        try (CudaBackend b = new CudaBackend(0, BackendOptions.of(DType.F32, 1), new KernelCache(kernels))) {
            new TrainingRun(new RunFolder(one), config, digits, "test").train(b, schedule, false, RunListener.SILENT);
        }
        for (String file : List.of("step-000005.safetensors", "metrics.csv", "config.json")) {
            assertArrayEquals(Files.readAllBytes(one.resolve(file)), Files.readAllBytes(two.resolve(file)), file);
        }
    }

    @Test
    void whenOneStopsTheOtherStopsWithItsSentence() throws Exception {
        assertEquals(List.of("Rank 1 has stopped: The disk is full.", "stopped"), together(DType.F32, (ranks, b) -> {
            if (ranks.rank() == 1) {
                ranks.fail("The disk is full.");
                return "stopped";
            }
            while (true) { // what waits for the other ends when that is missed
                b.download(ranks.gather(b, b.full(Shape.of(4), 1)).getFirst());
                ranks.check();
            }
        }));
    }
}

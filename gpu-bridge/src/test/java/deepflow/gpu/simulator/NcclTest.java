package deepflow.gpu.simulator;

import static org.bytedeco.cuda.global.cudart.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two ranks, as threads on two devices and as processes: collectives, their order, and ranks that disagree or go.
class NcclTest {
    private static final int FLOAT = 7;
    private static final int SUM = 0;
    private static final int AVERAGE = 4;
    private Cuda cuda;

    @BeforeEach
    void fresh() {
        cuda = new Cuda();
    }

    private interface Body {
        void run(Nccl nccl, int rank, CUstream_st stream);
    }

    /// Runs the body on a thread for each of two ranks, rank r on device r.
    private void ranks(Body body) {
        byte[] id = new Nccl(cuda.simulator).uniqueId();
        List<CompletableFuture<Void>> all = List.of(0, 1).stream()
                .map(rank -> CompletableFuture.runAsync(
                        () -> {
                            cuda.ok(cudaSetDevice(rank));
                            Nccl nccl = new Nccl(cuda.simulator);
                            cuda.ok(nccl.init(2, id, rank));
                            body.run(nccl, rank, cuda.stream());
                        },
                        task -> Thread.ofPlatform().start(task)))
                .toList();
        all.forEach(CompletableFuture::join);
    }

    @Test
    void sumsAndAveragesAreInRankOrder() {
        ranks((nccl, rank, stream) -> {
            FloatPointer x = cuda.upload(1 + rank, 1e8f * (1 - 2 * rank), Float.MIN_VALUE);
            FloatPointer y = cuda.floats(3);
            for (int round = 0; round < 3; round++) {
                cuda.ok(nccl.allReduce(x, y, 3, FLOAT, SUM, stream));
                cuda.ok(cudaStreamSynchronize(stream));
                assertArrayEquals(new float[] {3, 0, 2 * Float.MIN_VALUE}, cuda.download(y, 3));
            }
            // In place.
            cuda.ok(nccl.allReduce(x, x, 3, FLOAT, AVERAGE, stream));
            cuda.ok(cudaStreamSynchronize(stream));
            assertArrayEquals(new float[] {1.5f, 0, Float.MIN_VALUE}, cuda.download(x, 3));
            cuda.ok(nccl.destroy());
        });
        cuda.nothingFound();
        assertTrue(cuda.simulator.leaks().stream().noneMatch(line -> line.contains("NCCL")));
    }

    @Test
    void gatherAndBroadcast() {
        ranks((nccl, rank, stream) -> {
            FloatPointer x = cuda.upload(10 + rank);
            FloatPointer all = cuda.floats(2);
            cuda.ok(nccl.allGather(x, all, 1, FLOAT, stream));
            cuda.ok(nccl.broadcast(x, x, 1, FLOAT, 1, stream));
            cuda.ok(cudaStreamSynchronize(stream));
            assertArrayEquals(new float[] {10, 11}, cuda.download(all, 2));
            assertArrayEquals(new float[] {11}, cuda.download(x, 1));
            cuda.ok(nccl.destroy());
        });
        cuda.nothingFound();
    }

    @Test
    void ranksThatDisagreeAreTold() {
        ranks((nccl, rank, stream) -> {
            FloatPointer x = cuda.upload(new float[4]);
            cuda.ok(nccl.allReduce(x, x, 3 + rank, FLOAT, SUM, stream));
            assertEquals(cudaErrorUnknown, cudaStreamSynchronize(stream));
            assertEquals(5, nccl.asyncError());
        });
        assertTrue(
                cuda.simulator.journal().stream()
                        .anyMatch(line ->
                                line.contains("rank 0 calls all-reduce of 3 elements of type 7 with operation 0,"
                                        + " rank 1 calls all-reduce of 4 elements")),
                "both counts are named");
    }

    @Test
    void whoAbortsIsMissed() {
        ranks((nccl, rank, stream) -> {
            if (rank == 1) {
                cuda.ok(nccl.abort());
                return;
            }
            FloatPointer x = cuda.upload(1);
            cuda.ok(nccl.allReduce(x, x, 1, FLOAT, SUM, stream));
            cuda.ok(cudaStreamSynchronize(stream));
            assertEquals(6, nccl.asyncError());
            assertEquals(Float.NaN, cuda.download(x, 1)[0]);
            cuda.refused(6, nccl.allReduce(x, x, 1, FLOAT, SUM, stream), "failed before");
        });
    }

    @Test
    void wrongArgumentsAreRefused() {
        Nccl nccl = new Nccl(cuda.simulator);
        byte[] id = nccl.uniqueId();
        cuda.refused(4, nccl.init(2, id, 2), "rank 2 of 2");
        cuda.refused(4, nccl.init(1, new byte[128], 0), "not ncclGetUniqueId's");
        cuda.ok(nccl.init(1, id, 0));
        cuda.refused(5, new Nccl(cuda.simulator).init(1, id, 0), "share device 0");
        FloatPointer x = cuda.upload(1, 2, 3);
        cuda.refused(4, nccl.allReduce(x, x, 4, FLOAT, SUM, null), "needs bytes 0 to 16");
        cuda.refused(4, nccl.allReduce(x, new FloatPointer(3), 3, FLOAT, SUM, null), "is host memory");
        cuda.refused(4, nccl.allReduce(x, Cuda.at(x, 1), 2, FLOAT, SUM, null), "overlap");
        cuda.refused(4, nccl.allReduce(x, x, 3, 77, SUM, null), "type 77");
        cuda.refused(4, nccl.allReduce(x, x, 3, FLOAT, 9, null), "9 is no reduction");
        cuda.ok(nccl.allReduce(x, x, 3, FLOAT, SUM, null));
        assertArrayEquals(new float[] {1, 2, 3}, cuda.download(x, 3));
        cuda.ok(nccl.destroy());
        cuda.refused(4, nccl.allReduce(x, x, 3, FLOAT, SUM, null), "was destroyed");
    }

    @Test
    void ranksMayBeProcesses() throws IOException, InterruptedException {
        Nccl nccl = new Nccl(cuda.simulator);
        byte[] id = nccl.uniqueId();
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        "-Dbasedir=" + System.getProperty("basedir", ""),
                        "-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"),
                        "-Dorg.bytedeco.javacpp.platform.linkpath="
                                + System.getProperty("org.bytedeco.javacpp.platform.linkpath"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        NcclRank.class.getName(),
                        new String(id, StandardCharsets.ISO_8859_1).trim())
                .redirectErrorStream(true)
                .start();
        try {
            cuda.ok(nccl.init(2, id, 0));
            FloatPointer x = cuda.upload(1, 2);
            cuda.ok(nccl.allReduce(x, x, 2, FLOAT, SUM, null));
            cuda.ok(cudaDeviceSynchronize());
            assertArrayEquals(new float[] {101, 202}, cuda.download(x, 2));
            // The other ends without taking part again: missed, not waited for.
            cuda.ok(nccl.allReduce(x, x, 2, FLOAT, SUM, null));
            cuda.ok(cudaDeviceSynchronize());
            assertEquals(6, nccl.asyncError());
        } finally {
            String said = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, other.waitFor(), said);
        }
    }
}

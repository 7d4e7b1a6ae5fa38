package deepflow.parallel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Processes that meet over TCP; here they are threads.
class StarTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration SHORT = Duration.ofMillis(300);

    private int port;

    @BeforeEach
    void freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
    }

    private World world(int rank, int size) {
        return new World(rank, size, "localhost", port);
    }

    /// What each did or how it failed, in the given order.
    private static List<Object> together(List<Callable<Object>> all) throws InterruptedException {
        List<Object> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(all.size())) {
            for (Future<Object> one : threads.invokeAll(all)) {
                try {
                    results.add(one.get());
                } catch (ExecutionException e) {
                    results.add(e.getCause().getMessage());
                }
            }
        }
        return results;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5})
    void everyRankReceivesWhatEveryRankGives(int size) throws InterruptedException {
        List<Callable<Object>> all = new ArrayList<>();
        for (int r = size - 1; r >= 0; r--) { // rank 0 comes last
            World w = world(r, size);
            all.add(() -> {
                try (Star star = Star.meet(w, "run", LONG)) {
                    List<String> texts = new ArrayList<>();
                    for (int round = 0; round < 3; round++) {
                        for (byte[] one : star.exchange(("rank " + w.rank() + " " + round).getBytes(UTF_8))) {
                            texts.add(new String(one, UTF_8));
                        }
                    }
                    return texts;
                }
            });
        }
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            for (int r = 0; r < size; r++) {
                expected.add("rank " + r + " " + round);
            }
        }
        for (Object texts : together(all)) {
            assertEquals(expected, texts);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F64", "F32"})
    void tensorsArriveExactly(DType dtype) throws InterruptedException {
        double[][] values = {{1.0 / 3, -0.0, Double.NaN}, {Double.MIN_VALUE, 1e300, Double.NEGATIVE_INFINITY}};
        List<Callable<Object>> all = new ArrayList<>();
        for (int r = 0; r < 2; r++) {
            World w = world(r, 2);
            all.add(() -> {
                try (Backend b = Backends.open("cpu", dtype, 1);
                        Ranks ranks = new TcpRanks(Star.meet(w, "run", LONG))) {
                    List<Tensor> gathered = ranks.gather(b, b.upload(values[ranks.rank()], Shape.of(1, 3)));
                    assertEquals(2, ranks.count());
                    for (int i = 0; i < 2; i++) {
                        assertEquals(Shape.of(1, 3), gathered.get(i).shape());
                        assertArrayEquals(b.download(b.upload(values[i], Shape.of(3))), b.download(gathered.get(i)));
                    }
                    return "exact";
                }
            });
        }
        assertEquals(List.of("exact", "exact"), together(all));
    }

    private Callable<Object> meeting(World w, String run, Duration patience) {
        return () -> {
            try (Star star = Star.meet(w, run, patience)) {
                return "met " + star.exchange(new byte[1]).size();
            }
        };
    }

    @Test
    void anotherSizeIsSaidToBoth() throws InterruptedException {
        String sentence =
                "Rank 1 was started as one of 3 processes, rank 0 as one of 2: WORLD_SIZE must be the same for"
                        + " all.";
        assertEquals(
                List.of(sentence, sentence),
                together(List.of(meeting(world(0, 2), "run", LONG), meeting(world(1, 3), "run", LONG))));
    }

    @Test
    void twoOfOneRankAreSaidToAll() throws InterruptedException {
        String sentence = "Two processes were started as rank 1: RANK must be different for each.";
        assertEquals(
                List.of(sentence, sentence, sentence),
                together(List.of(
                        meeting(world(0, 3), "run", LONG),
                        meeting(world(1, 3), "run", LONG),
                        meeting(world(1, 3), "run", LONG))));
    }

    @Test
    void anotherRunIsSaidToBoth() throws InterruptedException {
        String sentence = "Rank 1 was started with other options than rank 0: all must be started alike.";
        assertEquals(
                List.of(sentence, sentence),
                together(List.of(meeting(world(0, 2), "a", LONG), meeting(world(1, 2), "b", LONG))));
    }

    @Test
    void ranksThatDoNotComeAreNamed() throws InterruptedException {
        List<Object> said = together(List.of(meeting(world(0, 4), "run", SHORT), meeting(world(2, 4), "run", LONG)));
        String sentence = "Only 2 of 4 ranks came within 0 s; missing: 1, 3. Do they run, and do MASTER_ADDR and"
                + " MASTER_PORT lead to rank 0?";
        assertEquals(List.of(sentence, sentence), said);
    }

    @Test
    void aMissingRankZeroIsNamedWithItsAddress() {
        var e = assertThrows(RanksFailure.class, () -> Star.meet(world(1, 2), "run", SHORT));
        assertTrue(
                e.getMessage().startsWith("Rank 1 did not reach rank 0 at localhost:" + port + " within 0 s ("),
                e.getMessage());
        World nowhere = new World(1, 2, "no-such-host.invalid", port);
        e = assertThrows(RanksFailure.class, () -> Star.meet(nowhere, "run", SHORT));
        assertTrue(e.getMessage().contains("(the name is unknown)"), e.getMessage());
    }

    @Test
    void aPortInUseIsSaid() throws IOException {
        try (ServerSocket other = new ServerSocket(0)) {
            World w = new World(0, 2, "localhost", other.getLocalPort());
            var e = assertThrows(RanksFailure.class, () -> Star.meet(w, "run", SHORT));
            assertTrue(e.getMessage().contains("choose another MASTER_PORT"), e.getMessage());
        }
    }

    /// Somebody else who tries the port is no rank.
    @Test
    void strangersAreLeftAside() throws InterruptedException {
        Callable<Object> stranger = () -> {
            while (true) {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
                    socket.getOutputStream().flush();
                    return "closed " + socket.getInputStream().read();
                } catch (ConnectException notYet) {
                    Thread.onSpinWait();
                }
            }
        };
        World other = world(1, 2);
        Callable<Object> late = () -> {
            stranger.call();
            return meeting(other, "run", LONG).call();
        };
        assertEquals(List.of("met 2", "met 2"), together(List.of(meeting(world(0, 2), "run", LONG), late)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void whenOneStopsAllStopWithItsSentence(int stops) throws InterruptedException {
        List<Callable<Object>> all = new ArrayList<>();
        for (int r = 0; r < 3; r++) {
            World w = world(r, 3);
            all.add(() -> {
                try (Star star = Star.meet(w, "run", LONG)) {
                    if (w.rank() == stops) {
                        star.fail("The disk is full.");
                        return "stopped";
                    }
                    star.exchange(new byte[8]);
                    return "went on";
                }
            });
        }
        List<Object> said = together(all);
        for (int r = 0; r < 3; r++) {
            assertEquals(r == stops ? "stopped" : "Rank " + stops + " has stopped: The disk is full.", said.get(r));
        }
    }

    /// Ranks that compute together by other means learn of it while they wait for nobody.
    @ParameterizedTest
    @CsvSource({"0, true", "1, true", "2, true", "0, false", "1, false"})
    void watchersLearnOfAFailureAndNotOfAnEnd(int leaves, boolean fails) throws InterruptedException {
        CountDownLatch told = new CountDownLatch(2);
        CountDownLatch met = new CountDownLatch(3);
        List<Callable<Object>> all = new ArrayList<>();
        for (int r = 0; r < 3; r++) {
            World w = world(r, 3);
            all.add(() -> {
                CompletableFuture<String> heard = new CompletableFuture<>();
                try (Star star = Star.meet(w, "run", LONG)) {
                    star.watch(heard::complete);
                    met.countDown();
                    met.await();
                    if (w.rank() == leaves) {
                        if (fails) {
                            star.fail("The disk is full.");
                            told.await(); // its own end is heard later than its words
                        }
                        return "left";
                    }
                    if (fails) {
                        String sentence = heard.get();
                        told.countDown();
                        return sentence;
                    }
                }
                return heard.getNow("heard nothing");
            });
        }
        List<Object> said = together(all);
        for (int r = 0; r < 3; r++) {
            String other = fails ? "Rank " + leaves + " has stopped: The disk is full." : "heard nothing";
            assertEquals(r == leaves ? "left" : other, said.get(r));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void whenOneIsGoneAllStop(int gone) throws InterruptedException {
        List<Callable<Object>> all = new ArrayList<>();
        for (int r = 0; r < 3; r++) {
            World w = world(r, 3);
            all.add(() -> {
                try (Star star = Star.meet(w, "run", LONG)) {
                    if (w.rank() != gone) {
                        star.exchange(new byte[8]);
                    }
                    return "went";
                }
            });
        }
        List<Object> said = together(all);
        for (int r = 0; r < 3; r++) {
            assertEquals(
                    r == gone ? "went" : "Rank " + gone + " is gone, so the others stop, too: its own output says why.",
                    said.get(r));
        }
    }
}

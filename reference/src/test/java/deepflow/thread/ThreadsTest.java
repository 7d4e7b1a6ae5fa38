package deepflow.thread;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class ThreadsTest {
    @Test
    void everyOutputBelongsToOnePiece() {
        for (int count : new int[] {1, 2, 3, 7}) {
            try (Threads threads = new Threads(count)) {
                for (int n : new int[] {0, 1, 7, 64, 1000, 4099}) {
                    AtomicIntegerArray seen = new AtomicIntegerArray(n);
                    threads.split(n, 1000, 16, (from, to) -> {
                        for (int i = from; i < to; i++) {
                            seen.incrementAndGet(i);
                        }
                    });
                    for (int i = 0; i < n; i++) {
                        assertEquals(1, seen.get(i));
                    }
                }
            }
        }
    }

    /// Of 27 units and two threads: 7 5 4 3 2 2 1 1 1 1.
    @Test
    void piecesBecomeSmallerAndSmaller() {
        for (int count : new int[] {2, 3, 5}) {
            try (Threads threads = new Threads(count)) {
                for (int unit : new int[] {1, 16}) {
                    for (int units : new int[] {2, 7, 9, 27, 36, 1001, 40_000}) {
                        int n = units * unit - unit / 2;
                        List<Integer> lengths = new ArrayList<>();
                        int at = 0;
                        for (Map.Entry<Integer, Integer> piece : pieces(threads, n, 1e6, unit)) {
                            assertEquals(at, piece.getKey());
                            at = piece.getValue();
                            lengths.add((at - piece.getKey() + unit - 1) / unit);
                        }
                        assertEquals(n, at);
                        int least = Math.ceilDiv(units, 32 * count);
                        int left = units;
                        for (int length : lengths) {
                            int half = Math.ceilDiv(left, 2 * count);
                            assertEquals(Math.min(left, Math.max(half, least)), length, lengths::toString);
                            left -= length;
                        }
                    }
                }
            }
        }
    }

    /// A piece is handed out if it is worth it, except that two threads always have one each.
    @Test
    void noPieceIsTooSmallToBeHandedOut() {
        try (Threads threads = new Threads(4)) {
            assertEquals(1, pieces(threads, 65, 1000, 1).size(), "65,000 operations are for one thread");
            assertEquals(2, pieces(threads, 2, 1e5, 1).size());
            for (int cost : new int[] {1, 10, 1000}) {
                List<Map.Entry<Integer, Integer>> pieces = pieces(threads, 300_000, cost, 16);
                for (Map.Entry<Integer, Integer> piece : pieces.subList(0, pieces.size() - 1)) {
                    assertTrue((piece.getValue() - piece.getKey()) * cost >= 16_384, piece::toString);
                }
            }
        }
    }

    /// Who is held up by the first piece leaves all others to the other thread.
    @Test
    void aSlowThreadKeepsNobodyWaiting() {
        try (Threads threads = new Threads(2)) {
            CountDownLatch others = new CountDownLatch(1000);
            threads.split(1000, 1e6, 1, (from, to) -> {
                for (int i = from; i < to; i++) {
                    others.countDown();
                }
                if (from == 0) {
                    try {
                        assertTrue(others.await(60, TimeUnit.SECONDS), "nobody did the rest");
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
        }
    }

    private static List<Map.Entry<Integer, Integer>> pieces(Threads threads, int n, double cost, int unit) {
        Map<Integer, Integer> ends = new ConcurrentSkipListMap<>();
        threads.split(n, cost, unit, ends::put);
        return List.copyOf(ends.entrySet());
    }

    @Test
    void aFailureReachesTheCaller() {
        try (Threads threads = new Threads(3)) {
            for (int at : new int[] {0, 500, 999}) {
                Throwable e = assertThrows(
                        IndexOutOfBoundsException.class,
                        () -> threads.split(1000, 1e6, 1, (from, to) -> {
                            if (from <= at && at < to) {
                                throw new IndexOutOfBoundsException("piece of " + at);
                            }
                        }));
                assertEquals("piece of " + at, e.getMessage());
            }
        }
    }

    /// Waiting threads look, then sleep; whichever a worker does when a job comes, the job is done. With more threads
    /// than processors they sleep at once.
    @Test
    void jobsInCloseSuccessionAreAllDone() {
        for (int count : new int[] {2, 3, 2 * Runtime.getRuntime().availableProcessors() + 1}) {
            try (Threads threads = new Threads(count)) {
                long[] sums = new long[8];
                for (int job = 1; job <= 5000; job++) {
                    int addend = job;
                    threads.split(sums.length, 1e5, 1, (from, to) -> {
                        for (int i = from; i < to; i++) {
                            sums[i] += addend;
                        }
                    });
                    if (job % 1000 == 0) { // longer than a worker's patience
                        LockSupport.parkNanos(1_000_000);
                    }
                }
                for (long sum : sums) {
                    assertEquals(5000L * 5001 / 2, sum);
                }
            }
        }
    }

    @Test
    void closedWorkersEnd() throws InterruptedException {
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        try (Threads threads = new Threads(3)) {
            for (int job = 0; job < 200; job++) {
                threads.split(12, 1e5, 1, (from, to) -> seen.add(Thread.currentThread()));
            }
        }
        seen.remove(Thread.currentThread());
        for (Thread worker : seen) {
            worker.join();
        }
    }

    @Test
    void atLeastOneThread() {
        assertThrows(IllegalArgumentException.class, () -> new Threads(0));
    }
}

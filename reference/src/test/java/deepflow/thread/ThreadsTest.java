package deepflow.thread;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
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

    /// Of 27 units and two threads, say: 4 4 4 3 3 3 3 3, and both threads have 13 or 14.
    @Test
    void piecesAreEvenAndTheShorterOnesComeLast() {
        for (int count : new int[] {2, 3, 5}) {
            try (Threads threads = new Threads(count)) {
                for (int unit : new int[] {1, 16}) {
                    for (int units : new int[] {2, 7, 9, 27, 36, 1001}) {
                        int n = units * unit - unit / 2;
                        Map<Integer, Integer> ends = new ConcurrentSkipListMap<>();
                        threads.split(n, 1e6, unit, ends::put);
                        List<Integer> lengths = new ArrayList<>();
                        int at = 0;
                        for (Map.Entry<Integer, Integer> piece : ends.entrySet()) {
                            assertEquals(at, piece.getKey());
                            at = piece.getValue();
                            lengths.add((at - piece.getKey() + unit - 1) / unit);
                        }
                        assertEquals(n, at);
                        assertEquals(Math.min(units, 4 * count), lengths.size());
                        assertEquals(
                                lengths.stream()
                                        .sorted(Comparator.reverseOrder())
                                        .toList(),
                                lengths);
                        assertTrue(lengths.getFirst() - lengths.getLast() <= 1, lengths::toString);
                    }
                }
            }
        }
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

package deepflow.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.atomic.AtomicIntegerArray;
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

    @Test
    void atLeastOneThread() {
        assertThrows(IllegalArgumentException.class, () -> new Threads(0));
    }
}

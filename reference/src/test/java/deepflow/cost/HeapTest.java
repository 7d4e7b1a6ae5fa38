package deepflow.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HeapTest {
    @Test
    void whatFitsIsFine() {
        assertTrue(Heap.shortage(1 << 20, 1 << 20, "It", "less").isEmpty());
        assertTrue(Heap.shortage(1, "It", "less").isEmpty());
    }

    @Test
    void whatDoesNotFitIsASentence() {
        assertEquals(
                "It needs about 2.0 GiB of memory, the JVM may use 200 MiB; less or more memory"
                        + " (DEEPFLOW_JAVA_OPTS=-Xmx…) would help.",
                Heap.shortage(2L << 30, 200 << 20, "It", "less").orElseThrow());
        assertTrue(Heap.shortage(Long.MAX_VALUE, "It", "less").isPresent());
    }
}

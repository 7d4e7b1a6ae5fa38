package deepflow.oracle;

/// Asks for a garbage collection where much garbage lies between two pieces of work. Left alone, the parallel collector
/// makes the heap larger up to its limit before it looks at old objects, and touching memory for the first time costs
/// several times what collecting does: a check of `latent-s` took twice as long. Of small heaps nothing is asked.
final class HeapGrowth {
    /// Bytes that it may grow.
    private static final long ROOM = 1536L << 20;

    /// In use after the last collection.
    private long live;

    /// Call between two pieces of work: collects when the heap has grown much since the last time.
    synchronized void limit() {
        if (used() - live > ROOM) {
            System.gc();
            live = used();
        }
    }

    private static long used() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}

package deepflow.cpu;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A fixed set of daemon workers. Work is split across outputs only: which thread computes an output, and in which
/// piece of the range, changes no bit of it.
final class Threads implements AutoCloseable {
    /// Elementary operations below which a second thread costs more than it brings.
    private static final long WORTHWHILE = 1 << 16;
    /// Pieces per thread: a late thread then delays the others by a piece, not by its whole share.
    private static final int PIECES = 4;

    /// Computes outputs [from, to).
    interface Range {
        void run(int from, int to);
    }

    private final int count;
    private final @Nullable ExecutorService workers;

    /// @param count threads that work, the caller's included; at least 1
    Threads(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("threads expects at least 1, got " + count);
        }
        this.count = count;
        this.workers = count == 1
                ? null
                : Executors.newFixedThreadPool(
                        count - 1,
                        Thread.ofPlatform().daemon().name("deepflow-", 1).factory());
    }

    int count() {
        return count;
    }

    /// Runs `range` over all of [0, n) and returns when every piece is done.
    ///
    /// @param n number of outputs
    /// @param cost elementary operations per output, roughly
    /// @param unit pieces start at multiples of it
    void split(int n, double cost, int unit, Range range) {
        ExecutorService pool = workers;
        if (n == 0) {
            return;
        }
        if (pool == null || n <= unit || n * cost < WORTHWHILE) {
            range.run(0, n);
            return;
        }
        long wanted = Math.min((long) count * PIECES, Math.max(2, (long) (n * cost / (WORTHWHILE / 4))));
        long units = (n + (long) unit - 1) / unit;
        int size = Math.toIntExact(Math.min(n, (units + wanted - 1) / wanted * unit));
        int pieces = (n + size - 1) / size;
        Job job = new Job(n, size, pieces, range, Thread.currentThread());
        for (int i = 1; i < Math.min(count, pieces); i++) {
            pool.execute(job);
        }
        job.run();
        job.await();
    }

    @Override
    public void close() {
        if (workers != null) {
            workers.shutdown();
        }
    }

    /// Pieces of one range, taken by whoever is free. A worker that comes too late finds none left.
    private static final class Job implements Runnable {
        private final int n;
        private final int size;
        private final int pieces;
        private final Range range;
        private final Thread caller;
        private final AtomicInteger taken = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Job(int n, int size, int pieces, Range range, Thread caller) {
            this.n = n;
            this.size = size;
            this.pieces = pieces;
            this.range = range;
            this.caller = caller;
        }

        @Override
        public void run() {
            for (int p = taken.getAndIncrement(); p < pieces; p = taken.getAndIncrement()) {
                try {
                    if (failure.get() == null) {
                        range.run(p * size, (int) Math.min(n, (p + 1L) * size));
                    }
                } catch (Throwable t) { // handed to the caller by await
                    failure.compareAndSet(null, t);
                }
                if (done.incrementAndGet() == pieces) {
                    LockSupport.unpark(caller);
                }
            }
        }

        void await() {
            boolean interrupted = false;
            while (done.get() < pieces) {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            Throwable t = failure.get();
            switch (t) {
                case null -> {}
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new IllegalStateException(t);
            }
        }
    }
}

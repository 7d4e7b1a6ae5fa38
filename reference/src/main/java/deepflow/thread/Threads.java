package deepflow.thread;

import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A fixed set of daemon workers. Work is split across outputs only: which thread computes an output, and in which
/// piece of the range, changes no bit of it.
///
/// A step hands over work some thousand times, most of it done in less time than it takes to wake a thread. So whoever
/// waits looks for a while ([#PATIENCE]) before it sleeps; not where there are more threads than processors, which
/// would keep those who work from working.
public final class Threads implements AutoCloseable {
    /// Elementary operations below which a second thread costs more than it brings.
    private static final long WORTHWHILE = 1 << 16;
    /// The least a piece is worth, in elementary operations.
    private static final long PIECE = WORTHWHILE / 4;
    /// No piece is smaller than this part of a thread's share.
    private static final int FINEST = 32;
    /// Nanoseconds: a few times what it takes to wake a thread on a virtual machine.
    private static final long PATIENCE = 100_000;
    /// Looks between two looks at the clock.
    private static final int LOOKS = 64;

    /// Computes outputs [from, to).
    @FunctionalInterface
    public interface Range {
        /// @param from first
        /// @param to behind the last
        void run(int from, int to);
    }

    private final int count;
    /// Nanoseconds for which whoever waits looks before it sleeps.
    private final long patience;
    private final List<Worker> workers;

    /// @param count threads that work, the caller's included; at least 1
    /// @throws IllegalArgumentException if there is none
    public Threads(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("threads expects at least 1, got " + count);
        }
        this.count = count;
        this.patience = count <= Runtime.getRuntime().availableProcessors() ? PATIENCE : 0;
        ThreadFactory factory =
                Thread.ofPlatform().daemon().name("deepflow-", 1).factory();
        this.workers =
                Stream.generate(() -> new Worker(factory)).limit(count - 1).toList();
    }

    /// How many work, the caller's included.
    public int count() {
        return count;
    }

    /// Runs `range` over all of [0, n) and returns when every piece is done.
    ///
    /// @param n number of outputs
    /// @param cost elementary operations per output, roughly
    /// @param unit pieces start at multiples of it
    public void split(int n, double cost, int unit, Range range) {
        if (n == 0) {
            return;
        }
        if (count == 1 || n <= unit || n * cost < WORTHWHILE) {
            range.run(0, n);
            return;
        }
        Job job = new Job(n, unit, least(n, cost, unit), count, range, Thread.currentThread());
        for (int i = 0; i < Math.min(count, job.mostPieces()) - 1; i++) {
            workers.get(i).offer(job);
        }
        job.run();
        job.await(patience);
    }

    /// Units of the smallest piece: it is worth handing out, and there is always one for a second thread.
    private int least(int n, double cost, int unit) {
        int units = Math.ceilDiv(n, unit);
        double worth = Math.ceil(PIECE / (cost * unit));
        return (int) Math.clamp(worth, Math.ceilDiv(units, FINEST * count), Math.ceilDiv(units, 2));
    }

    @Override
    public void close() {
        workers.forEach(Worker::close);
    }

    /// Whether a condition comes true within so many nanoseconds of looking.
    private static boolean comesTrue(BooleanSupplier condition, long patience) {
        long start = System.nanoTime();
        do {
            for (int i = 0; i < LOOKS; i++) {
                if (condition.getAsBoolean()) {
                    return true;
                }
                Thread.onSpinWait();
            }
        } while (System.nanoTime() - start < patience);
        return false;
    }

    /// A thread that does one job after the other.
    private final class Worker implements Runnable {
        private final Thread thread;
        /// Set by the caller, emptied by the worker. One that comes before its predecessor was taken replaces it: that
        /// one was done by others.
        private final AtomicReference<@Nullable Job> next = new AtomicReference<>();
        private volatile boolean asleep;
        private volatile boolean closed;

        Worker(ThreadFactory factory) {
            this.thread = factory.newThread(this);
            this.thread.start(); // last: it reads the other fields
        }

        void offer(Job job) {
            next.set(job);
            if (asleep) { // it looks at `next` after it has said so
                LockSupport.unpark(thread);
            }
        }

        void close() {
            closed = true;
            LockSupport.unpark(thread);
        }

        private boolean called() {
            return next.get() != null || closed;
        }

        @Override
        public void run() {
            while (!closed) {
                if (!comesTrue(this::called, patience)) {
                    asleep = true;
                    while (!called()) {
                        LockSupport.park(this);
                    }
                    asleep = false;
                }
                Job job = next.getAndSet(null);
                if (job != null) {
                    job.run();
                }
            }
        }
    }

    /// One range, of which whoever is free takes a piece: half of an equal share of what is left, rounded up. So
    /// the pieces become smaller and smaller, and all threads end at nearly the same time, however fast each was.
    /// A worker that comes too late finds nothing left.
    private static final class Job implements Runnable {
        private final int n;
        private final int unit;
        private final int units;
        /// Units of the smallest piece; the last one may have fewer.
        private final int least;
        private final int threads;
        private final Range range;
        private final Thread caller;
        /// Units.
        private final AtomicInteger taken = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Job(int n, int unit, int least, int threads, Range range, Thread caller) {
            this.n = n;
            this.unit = unit;
            this.units = Math.ceilDiv(n, unit);
            this.least = least;
            this.threads = threads;
            this.range = range;
            this.caller = caller;
        }

        int mostPieces() {
            return Math.ceilDiv(units, least);
        }

        @Override
        public void run() {
            for (int from = taken.get(); from < units; from = taken.get()) {
                int to = from + Math.min(units - from, Math.max(least, Math.ceilDiv(units - from, 2 * threads)));
                if (!taken.compareAndSet(from, to)) {
                    continue;
                }
                try {
                    if (failure.get() == null) {
                        range.run(from * unit, (int) Math.min(n, (long) to * unit));
                    }
                } catch (Throwable t) { // handed to the caller by await
                    failure.compareAndSet(null, t);
                }
                if (done.addAndGet(to - from) == units) {
                    LockSupport.unpark(caller);
                }
            }
        }

        void await(long patience) {
            boolean interrupted = false;
            comesTrue(() -> done.get() == units, patience);
            while (done.get() < units) {
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

package deepflow.oracle;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.emulation.Rounding;
import deepflow.oracle.emulation.RoundingBackend;
import deepflow.oracle.emulation.SummationOrder;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Accumulation;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/// Runs a step again and again in another precision, as many at a time as there are threads. Each run has random
/// numbers of its own, and errors are added in the order of the runs: threads change no bit of the result.
///
/// @param replay of the step
/// @param arithmetic what runs compute in
/// @param workers opens back ends, one for each thread
/// @param threads how many runs there are at a time
record EmulatedRuns(Replay replay, Arithmetic arithmetic, Workers workers, int threads) {
    /// Makes so many runs of each kind.
    ///
    /// @param local receives errors of operations from the dump's own inputs
    /// @param global receives errors of the step
    void make(int runs, EmulatedErrors local, EmulatedErrors global) {
        AtomicInteger next = new AtomicInteger();
        Turn turn = new Turn();
        HeapGrowth growth = new HeapGrowth();
        try (ExecutorService pool = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("deepflow-run-", 1).factory())) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(() -> work(next, 2 * runs, turn, growth, local, global)));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw unchecked(cause == null ? e : cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a step was emulated", e);
        }
    }

    private static RuntimeException unchecked(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
    }

    /// Even numbers are local runs, odd ones global.
    private void work(
            AtomicInteger next, int count, Turn turn, HeapGrowth growth, EmulatedErrors local, EmulatedErrors global) {
        try (Backend exact = workers.opener().open(BackendOptions.of(DType.F64, 1));
                Backend accumulator = workers.opener().open(accumulator())) {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                growth.limit();
                boolean alone = i % 2 == 0;
                String what = alone ? "local" : "global";
                RoundingBackend backend = emulator(exact, accumulator, what, i / 2);
                RecordedTypes types = new RecordedTypes(replay.dump());
                try (Arena _ = exact.arena();
                        Arena _ = accumulator.arena()) { // the next run has use for the same memory
                    RecordedStep step = replay.run(
                            backend,
                            backend::given,
                            alone ? new Substitution(replay.dump(), backend::upload) : new Casting(backend, types));
                    List<Truth> truths = replay.truths(step, (name, t) -> stored(backend, types, name, t));
                    turn.take(i, () -> (alone ? local : global).add(truths));
                }
            }
        } catch (RuntimeException | Error e) {
            turn.end();
            throw e;
        }
    }

    /// Terms of products are added one after the other: of all orders that right implementations use, the one with the
    /// largest errors.
    private BackendOptions accumulator() {
        return BackendOptions.of(arithmetic.accumulator(), 1).accumulating(Accumulation.SEQUENTIAL);
    }

    private static double[] stored(
            RoundingBackend backend, RecordedTypes types, String name, deepflow.tensor.Tensor tensor) {
        FloatFormat format = types.of(name);
        return format == null ? backend.download(tensor) : backend.download(tensor, format);
    }

    private RoundingBackend emulator(Backend exact, Backend accumulator, String what, int run) {
        return new RoundingBackend(
                exact,
                accumulator,
                arithmetic,
                Rounding.stochastic(KeyedRandom.of(0, "rounding " + what, run)),
                SummationOrder.random(KeyedRandom.of(0, "order " + what, run)),
                // half of the runs keep attention's scores and probabilities in the accumulator, as fused kernels do
                run % 2 == 0);
    }

    /// Lets threads do something one after the other, in the order of numbers.
    private static final class Turn {
        private int now;
        private boolean ended;

        synchronized void take(int number, Runnable action) {
            while (now != number && !ended) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    ended = true;
                }
            }
            if (!ended) {
                action.run();
            }
            now++;
            notifyAll();
        }

        /// Nothing more is done: a thread has failed, and its number would never come.
        synchronized void end() {
            ended = true;
            notifyAll();
        }
    }
}

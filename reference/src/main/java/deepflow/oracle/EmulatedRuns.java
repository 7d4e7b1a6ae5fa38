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
/// @param replay of the step, its weights the CPU's
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
        HeapGrowth growth = new HeapGrowth();
        try (ExecutorService pool = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("deepflow-run-", 1).factory())) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(() -> work(next, 2 * runs, growth, local, global)));
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
    private void work(AtomicInteger next, int count, HeapGrowth growth, EmulatedErrors local, EmulatedErrors global) {
        try (Backend exact = workers.opener().open(BackendOptions.of(DType.F64, 1));
                Backend accumulator = workers.opener().open(accumulator())) {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                boolean alone = i % 2 == 0;
                String what = alone ? "local" : "global";
                RoundingBackend backend = emulator(exact, accumulator, what, i / 2);
                RecordedTypes types = replay.types();
                EmulatedErrors errors = alone ? local : global;
                int run = i / 2;
                try (Arena _ = exact.arena();
                        Arena _ = accumulator.arena()) { // the next run has use for the same memory
                    replay.run(
                            backend,
                            backend::given,
                            alone
                                    ? new Substitution(replay.dump(), types, exact, backend::adopt)
                                    : new Casting(backend, types),
                            (name, tensor) -> {
                                growth.limit();
                                FloatFormat stored = types.of(name);
                                if (stored != null) {
                                    errors.add(run, name, () -> backend.elements(tensor, stored), exact);
                                }
                                return Truths.TAKEN;
                            });
                    errors.finished(run);
                }
            }
        } catch (RuntimeException | Error e) {
            local.end();
            global.end();
            throw e;
        }
    }

    /// Terms of products are added one after the other: of all orders that right implementations use, the one with the
    /// largest errors.
    private BackendOptions accumulator() {
        return BackendOptions.of(arithmetic.accumulator(), 1).accumulating(Accumulation.SEQUENTIAL);
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
}

package deepflow.bench;

import deepflow.tensor.DType;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/// The most floating-point operations a second that this machine does, in vectors of the width the JVM prefers: what
/// products are compared with.
final class FmaPeak {
    private static final int ROUNDS = 1 << 20;
    private static final int WARM_UP = 20;
    private static final int RUNS = 10;

    private FmaPeak() {}

    /// The best of several runs, in 10⁹ operations a second.
    ///
    /// @param threads that compute at the same time, at least 1
    static double gflops(DType dtype, int threads) {
        boolean single = dtype == DType.F32;
        long flops = threads * (long) ROUNDS * (single ? FmaPeakF32.flopsPerRound() : FmaPeakF64.flopsPerRound());
        Callable<Double> piece = () -> single ? FmaPeakF32.run(ROUNDS) : FmaPeakF64.run(ROUNDS);
        List<Callable<Double>> pieces =
                IntStream.range(0, threads).mapToObj(i -> piece).toList();
        double best = Double.POSITIVE_INFINITY;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int run = 0; run < WARM_UP + RUNS; run++) {
                long start = System.nanoTime();
                for (Future<Double> done : pool.invokeAll(pieces)) {
                    if (done.get().isNaN()) {
                        throw new IllegalStateException("a sum of small numbers is not a number");
                    }
                }
                double time = System.nanoTime() - start;
                best = run < WARM_UP ? best : Math.min(best, time);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the peak was measured", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        return flops / best;
    }
}

package deepflow.bench;

import java.util.Arrays;

/// How work is timed: run again and again, first without a watch, then each run by itself.
///
/// **Warm-up**: the peer's five runs, and from then on until the given time has passed. The JVM interprets at first and
/// compiles a kernel beside the work once it has been in use for some ten thousand loop rounds; five runs of a small
/// step would time that, and may themselves take all of the given time.
///
/// @param runs timed, at least 1
/// @param warmUpSeconds the least time of the warm-up after its first five runs
record Stopwatch(int runs, double warmUpSeconds) {
    private static final int WARM_UP = 5;

    /// Seconds of one run.
    ///
    /// @param warmUp runs before
    /// @param median as the peer has it: of an even number of runs, the larger of the two in the middle
    /// @param least the best run
    record Times(int warmUp, double median, double least) {}

    Times of(Runnable work) {
        int warmUp = 0;
        for (; warmUp < WARM_UP; warmUp++) {
            work.run();
        }
        for (long start = System.nanoTime(); seconds(start) < warmUpSeconds; warmUp++) {
            work.run();
        }
        double[] times = new double[runs];
        for (int i = 0; i < runs; i++) {
            long begin = System.nanoTime();
            work.run();
            times[i] = seconds(begin);
        }
        Arrays.sort(times);
        return new Times(warmUp, times[runs / 2], times[0]);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) * 1e-9;
    }
}

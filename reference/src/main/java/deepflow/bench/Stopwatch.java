package deepflow.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
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

    /// Of one run, in seconds.
    ///
    /// @param warmUp runs before
    /// @param median as the peer has it: of an even number of runs, the larger of the two in the middle
    /// @param least the best run
    /// @param allocated bytes of Java objects that all threads together made during one run, their median likewise
    record Times(int warmUp, double median, double least, long allocated) {}

    Times of(Runnable work) {
        int warmUp = 0;
        for (; warmUp < WARM_UP; warmUp++) {
            work.run();
        }
        for (long start = System.nanoTime(); seconds(start) < warmUpSeconds; warmUp++) {
            work.run();
        }
        ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
        double[] times = new double[runs];
        long[] allocated = new long[runs];
        for (int i = 0; i < runs; i++) {
            long before = threads.getTotalThreadAllocatedBytes();
            long begin = System.nanoTime();
            work.run();
            times[i] = seconds(begin);
            allocated[i] = threads.getTotalThreadAllocatedBytes() - before;
        }
        Arrays.sort(times);
        Arrays.sort(allocated);
        return new Times(warmUp, times[runs / 2], times[0], allocated[runs / 2]);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) * 1e-9;
    }
}

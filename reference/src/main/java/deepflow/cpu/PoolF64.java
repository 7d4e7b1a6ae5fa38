package deepflow.cpu;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/// Arrays that a tensor has given up, kept for the next tensor of the same length: a new array costs the JVM more, to
/// fill it with zeros and to collect it, than most kernels take to fill it with results. One step of training needs
/// the same lengths as the one before.
///
/// What is idle is held softly, so that it never makes the memory run out, and only as long as it is of use: arrays
/// that were idle all the time between two calls of [#trim] are let go. Any thread may take and give.
final class PoolF64 {
    /// Shorter arrays are cheap to make.
    private static final int SHORTEST = 256;

    /// The idle arrays of one length; `least` is how few there were since the last trim.
    private static final class Idle {
        private final Deque<SoftReference<double[]>> arrays = new ArrayDeque<>();
        private int least;
    }

    private final Map<Integer, Idle> byLength = new HashMap<>();

    /// An array whose elements may be anything.
    synchronized double[] take(int length) {
        Idle idle = byLength.get(length);
        while (idle != null && !idle.arrays.isEmpty()) {
            double[] array = idle.arrays.pop().get();
            idle.least = Math.min(idle.least, idle.arrays.size());
            if (array != null) {
                return array;
            }
        }
        return new double[length];
    }

    /// Takes an array that nobody uses any more.
    synchronized void give(double[] array) {
        if (array.length >= SHORTEST) {
            byLength.computeIfAbsent(array.length, n -> new Idle()).arrays.push(new SoftReference<>(array));
        }
    }

    /// Lets go what was not needed since the last call.
    synchronized void trim() {
        byLength.values().removeIf(idle -> {
            for (; idle.least > 0; idle.least--) {
                idle.arrays.removeLast();
            }
            idle.least = idle.arrays.size();
            return idle.arrays.isEmpty();
        });
    }
}

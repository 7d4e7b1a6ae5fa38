package deepflow.oracle.budget;

import deepflow.thread.Threads;
import java.util.concurrent.atomic.DoubleAccumulator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.IntConsumer;

/// Loops over the elements of arrays, split over threads. No element depends on another, so threads change no bit.
///
/// @param threads which share them
record Loops(Threads threads) {
    /// Elementary operations for an element, roughly: most loops read and write memory, and compute little.
    private static final double COST = 4;

    /// Computes elements [0, n), each in one of the pieces.
    void over(int n, Threads.Range piece) {
        threads.split(n, COST, 1, piece);
    }

    /// Computes rows [0, rows) of so many elements.
    void overRows(int rows, int width, IntConsumer row) {
        threads.split(rows, COST * width, 1, (from, to) -> {
            for (int r = from; r < to; r++) {
                row.accept(r);
            }
        });
    }

    /// f of each pair in the place of its first number.
    ///
    /// @return x
    double[] map(double[] x, double[] y, DoubleBinaryOperator f) {
        over(x.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                x[i] = f.applyAsDouble(x[i], y[i]);
            }
        });
        return x;
    }

    /// |v|·factor.
    ///
    /// @param into receives it
    /// @return the same
    double[] absolute(double[] v, double factor, double[] into) {
        over(v.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                into[i] = Math.abs(v[i]) * factor;
            }
        });
        return into;
    }

    /// The largest |v| that is finite; 0 where there is none above it.
    double largestFinite(double[] v) {
        DoubleAccumulator largest = new DoubleAccumulator(Math::max, 0);
        over(v.length, (from, to) -> {
            double max = 0;
            for (int i = from; i < to; i++) {
                double size = Math.abs(v[i]);
                max = size > max && size <= Double.MAX_VALUE ? size : max;
            }
            largest.accumulate(max);
        });
        return largest.get();
    }
}

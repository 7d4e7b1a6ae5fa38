package deepflow.oracle.emulation;

import deepflow.random.KeyedRandom;

/// How numbers between two neighbours of a type are rounded, and how far functions are off before they are.
public interface Rounding {
    /// To the nearest, ties to even: what processors do. Functions are exact until they are rounded.
    Rounding NEAREST = new Rounding() {
        @Override
        public double round(FloatFormat format, double x) {
            return format.nearest(x);
        }

        @Override
        public double disturb(double x, double size) {
            return x;
        }
    };

    /// Up or down at random, right on average (Monte-Carlo arithmetic; Parker 1997). Errors of two runs are
    /// independent, and have twice the variance of rounding to nearest: on average a sixth of a squared unit in
    /// the last place, not a twelfth.
    static Rounding stochastic(KeyedRandom random) {
        return new StochasticRounding(random);
    }

    /// `x` as a number of a type.
    double round(FloatFormat format, double x);

    /// `x` as a library's function may have it: up to `size` off.
    double disturb(double x, double size);

    /// Every element of an array, in place.
    default void round(FloatFormat format, double[] x) {
        round(format, x, 0, x.length);
    }

    /// Elements [from, to) of an array, in place.
    default void round(FloatFormat format, double[] x, int from, int to) {
        for (int i = from; i < to; i++) {
            x[i] = round(format, x[i]);
        }
    }
}

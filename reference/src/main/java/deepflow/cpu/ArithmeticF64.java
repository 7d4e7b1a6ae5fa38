package deepflow.cpu;

import deepflow.thread.Threads;
import java.util.Arrays;

/// x ∘ y element by element for the four basic operations, with broadcasting.
final class ArithmeticF64 {
    /// Elements treated at a time where a number stands for a whole axis: a row of it stays in first-level cache.
    private static final int CHUNK = 512;

    /// The operation ∘.
    enum Operation {
        ADD,
        SUBTRACT,
        MULTIPLY,
        DIVIDE
    }

    private ArithmeticF64() {}

    /// out ← x ∘ y, `y` broadcast as the pattern says.
    static void apply(Threads threads, Operation op, double[] x, double[] y, double[] out, Pattern pattern) {
        int inner = pattern.inner();
        if (x.length == 0) {
            return;
        }
        if (!pattern.sharedInside()) {
            threads.split(pattern.outer(), inner, 1, (from, to) -> {
                double[] filled = new double[Math.min(CHUNK, inner)];
                for (int r = from; r < to; r++) {
                    Arrays.fill(filled, y[pattern.offset(r)]);
                    number(op, x, r * inner, filled, out, inner);
                }
            });
        } else if (pattern.outer() == 1) {
            threads.split(inner, 1, LanesF64.VIRTUAL, (from, to) -> run(op, x, from, y, from, out, from, to - from));
        } else {
            threads.split(pattern.outer(), inner, 1, (from, to) -> {
                for (int r = from; r < to; r++) {
                    run(op, x, r * inner, y, pattern.offset(r), out, r * inner, inner);
                }
            });
        }
    }

    /// out ← x ∘ number.
    static void apply(Threads threads, Operation op, double[] x, double number, double[] out) {
        threads.split(x.length, 1, CHUNK, (from, to) -> {
            double[] filled = new double[CHUNK];
            Arrays.fill(filled, number);
            number(op, x, from, filled, out, to - from);
        });
    }

    private static void number(Operation op, double[] x, int at, double[] filled, double[] out, int n) {
        for (int i = 0; i < n; i += CHUNK) {
            run(op, x, at + i, filled, 0, out, at + i, Math.min(CHUNK, n - i));
        }
    }

    private static void run(Operation op, double[] x, int xo, double[] y, int yo, double[] out, int o, int n) {
        switch (op) {
            case ADD -> add(x, xo, y, yo, out, o, n);
            case SUBTRACT -> subtract(x, xo, y, yo, out, o, n);
            case MULTIPLY -> multiply(x, xo, y, yo, out, o, n);
            case DIVIDE -> divide(x, xo, y, yo, out, o, n);
        }
    }

    private static void add(double[] x, int xo, double[] y, int yo, double[] out, int o, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(x, xo + i).add(LanesF64.load(y, yo + i)))
                    .intoArray(out, o + i);
        }
        for (; i < n; i++) {
            out[o + i] = LanesF64.canonical(x[xo + i] + y[yo + i]);
        }
    }

    private static void subtract(double[] x, int xo, double[] y, int yo, double[] out, int o, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(x, xo + i).sub(LanesF64.load(y, yo + i)))
                    .intoArray(out, o + i);
        }
        for (; i < n; i++) {
            out[o + i] = LanesF64.canonical(x[xo + i] - y[yo + i]);
        }
    }

    private static void multiply(double[] x, int xo, double[] y, int yo, double[] out, int o, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(x, xo + i).mul(LanesF64.load(y, yo + i)))
                    .intoArray(out, o + i);
        }
        for (; i < n; i++) {
            out[o + i] = LanesF64.canonical(x[xo + i] * y[yo + i]);
        }
    }

    private static void divide(double[] x, int xo, double[] y, int yo, double[] out, int o, int n) {
        int i = 0;
        for (int end = LanesF64.body(n); i < end; i += LanesF64.LENGTH) {
            LanesF64.canonical(LanesF64.load(x, xo + i).div(LanesF64.load(y, yo + i)))
                    .intoArray(out, o + i);
        }
        for (; i < n; i++) {
            out[o + i] = LanesF64.canonical(x[xo + i] / y[yo + i]);
        }
    }
}

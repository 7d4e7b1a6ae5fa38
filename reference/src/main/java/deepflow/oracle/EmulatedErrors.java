package deepflow.oracle;

import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/// What a dump's tensors should be, and how far emulated runs were from it.
final class EmulatedErrors {
    /// Variance of rounding to nearest over that of stochastic rounding.
    static final double NEAREST_VARIANCE = 0.5;

    /// Elements that are compared and added while they are in a processor's own cache.
    private static final int PIECE = 1 << 12;

    /// One tensor. Its numbers are read when they are asked for, as long as the dump is open.
    static final class Case {
        private final Dump dump;
        private final String name;
        private final Shape shape;
        private final FloatFormat format;
        private final NearDump truth;
        private final List<Double> squares = new ArrayList<>();
        private final Spread spread;
        /// Runs that have been here.
        private int runs;

        private Case(Dump dump, Truth truth, NearDump near, FloatFormat format) {
            this.dump = dump;
            this.name = truth.name();
            this.shape = truth.shape();
            this.format = format;
            this.truth = near;
            this.spread = new Spread(Math.toIntExact(shape.size()));
        }

        /// The dump's numbers.
        double[] actual() {
            return dump.read(name);
        }

        /// What they should be.
        double[] truth() {
            return truth.get();
        }

        Shape shape() {
            return shape;
        }

        /// The type it was recorded in.
        FloatFormat format() {
            return format;
        }

        /// ‖error‖² of each emulated run.
        List<Double> squares() {
            return squares;
        }

        /// σ of each element of a right implementation's error, in row-major order: emulated, shrunk towards
        /// the mean of its row ([Spread]), and at least half a unit in the last place of the element. Without
        /// emulated runs that half unit alone.
        double[] sigma() {
            double[] sigma = spread.deviations(shape);
            double[] values = truth();
            for (int i = 0; i < sigma.length; i++) {
                sigma[i] = Math.max(Math.sqrt(NEAREST_VARIANCE) * sigma[i], format.halfUnit(values[i]));
            }
            return sigma;
        }

        /// ‖actual − truth‖, not finite where a number is not.
        double error() {
            return truth.error();
        }

        /// ‖truth‖, not finite where a number is not.
        double size() {
            return truth.size();
        }

        /// Takes a run's numbers.
        private void add(double[] values, Backend arrays) {
            double[] errors = arrays.array(values.length);
            truth.readDump(errors);
            double sum = 0;
            int piece = spread.isEmpty() ? Math.max(1, values.length) : PIECE;
            for (int from = 0; from < values.length; from += piece) {
                int to = Math.min(values.length, from + piece);
                truth.subtract(values, errors, from, to);
                sum += Norm.squares(errors, from, to);
                spread.add(errors, from, to);
            }
            squares.add(sum);
            arrays.giveBack(errors);
        }
    }

    private final Map<String, Case> cases = new LinkedHashMap<>();
    private boolean ended;

    /// Takes those truths beside which the dump has numbers.
    EmulatedErrors(Dump dump, RecordedTypes types, List<Truth> truths) {
        for (Truth truth : truths) {
            if (truth.values() instanceof NearDump near && near.isBeside(dump)) {
                FloatFormat format = Objects.requireNonNull(types.of(truth.name()));
                cases.put(truth.name(), new Case(dump, truth, near, format));
            }
        }
    }

    /// By name, in graph order.
    Map<String, Case> cases() {
        return cases;
    }

    /// Adds what a run made of a tensor, after all runs of smaller numbers: threads change no bit of the result. Waits
    /// for them where they are not as far.
    ///
    /// @param run its number, from 0
    /// @param emulated the numbers as the run had them, in the recorded type; only read
    /// @param arrays has arrays that are idle
    void add(int run, String name, Supplier<double[]> emulated, Backend arrays) {
        Case c = cases.get(name);
        if (c != null) {
            double[] numbers = emulated.get();
            if (turn(c, run)) {
                c.add(numbers, arrays);
            }
            past(c, run);
        }
    }

    /// A run is over: tensors that it did not have wait for it no longer.
    void finished(int run) {
        cases.values().forEach(c -> {
            turn(c, run);
            past(c, run);
        });
    }

    /// Nothing more is added: a run has failed, and others would wait for it for ever.
    synchronized void end() {
        ended = true;
        notifyAll();
    }

    /// Waits until all runs before this one have been here.
    ///
    /// @return whether it is this one's turn; else one has failed
    private synchronized boolean turn(Case c, int run) {
        while (c.runs < run && !ended) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                ended = true;
            }
        }
        return !ended;
    }

    private synchronized void past(Case c, int run) {
        c.runs = Math.max(c.runs, run + 1);
        notifyAll();
    }
}

package deepflow.oracle;

import deepflow.io.ElementType;
import deepflow.thread.Threads;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a dump's tensor should be, in half the memory: its differences from the dump's own numbers, in float32. An
/// element is off by 2⁻²⁴ of the dump's error in it then, which no judgement can see. Of a float64 dump, and where a
/// difference is no finite float, the numbers themselves are kept.
///
/// A check keeps two truths of every tensor, and memory touched for the first time costs more than computing them. So
/// the two are compared piece by piece, when the truth has just been computed, and what is wanted of them is kept too.
final class NearDump implements Supplier<double[]> {
    /// Elements of a piece: what is read of the dump stays in a processor's own cache.
    private static final int PIECE = 1 << 14;
    /// Elementary operations for an element, roughly.
    private static final double COST = 16;

    /// Sees the dump's numbers while they are compared. Called by several threads, each time for another piece.
    @FunctionalInterface
    interface Pieces {
        /// @param piece its number
        /// @param actual begins with the dump's numbers
        /// @param from index of the first
        /// @param count how many there are
        void take(int piece, double[] actual, int from, int count);
    }

    private final @Nullable Dump dump;
    private final String name;
    private final float @Nullable [] differences;
    private final double @Nullable [] truth;
    private final Errors errors;
    private final boolean finite;
    private final boolean finiteTruth;

    private NearDump(
            @Nullable Dump dump,
            String name,
            float @Nullable [] differences,
            double @Nullable [] truth,
            Errors errors,
            boolean finite,
            boolean finiteTruth) {
        this.dump = dump;
        this.name = name;
        this.differences = differences;
        this.truth = truth;
        this.errors = errors;
        this.finite = finite;
        this.finiteTruth = finiteTruth;
    }

    /// How many pieces so many elements have.
    static int pieces(int elements) {
        return (elements + PIECE - 1) / PIECE;
    }

    /// Keeps numbers beside the dump's, or by themselves where the dump has none in that number.
    ///
    /// @param dump open as long as numbers are asked for
    /// @param truth only read, and no longer than this call lasts
    /// @param threads share the reading
    static NearDump of(Dump dump, String name, double[] truth, Threads threads) {
        return of(dump, name, truth, threads, (piece, actual, from, count) -> {});
    }

    /// The same, and somebody else looks at what is compared.
    static NearDump of(Dump dump, String name, double[] truth, Threads threads, Pieces others) {
        boolean beside = dump.has(name)
                && dump.info(name).type().isFloating()
                && dump.info(name).elements() == truth.length;
        if (!beside) {
            return new NearDump(null, name, null, truth.clone(), Errors.NONE, false, false);
        }
        int pieces = pieces(truth.length);
        @Nullable Errors[] errors = new @Nullable Errors[pieces];
        boolean narrow = dump.info(name).type() != ElementType.F64;
        float[] differences = new float[narrow ? truth.length : 0];
        // sums of zeros, which become NaN where a number is not finite
        double[] zeros = new double[pieces];
        double[] zerosOfTruth = new double[pieces];
        float[] zerosOfFloats = new float[pieces];
        threads.split(pieces, COST * PIECE, 1, (first, end) -> {
            double[] actual = new double[Math.min(PIECE, truth.length)];
            for (int p = first; p < end; p++) {
                int from = p * PIECE;
                int count = Math.min(PIECE, truth.length - from);
                dump.read(name, from, count, actual);
                errors[p] = Errors.piece(actual, truth, from, count);
                double zero = 0;
                double zeroOfTruth = 0;
                float zeroOfFloats = 0;
                for (int i = 0; i < count; i++) {
                    double o = truth[from + i];
                    float difference = (float) (o - actual[i]);
                    zero += (o - actual[i]) * 0;
                    zeroOfTruth += o * 0;
                    zeroOfFloats += difference * 0;
                    if (narrow) {
                        differences[from + i] = difference;
                    }
                }
                zeros[p] = zero;
                zerosOfTruth[p] = zeroOfTruth;
                zerosOfFloats[p] = zeroOfFloats;
                others.take(p, actual, from, count);
            }
        });
        Errors all = Errors.NONE;
        double zero = 0;
        double zeroOfTruth = 0;
        float zeroOfFloats = 0;
        for (int p = 0; p < pieces; p++) {
            all = all.and(Objects.requireNonNull(errors[p]));
            zero += zeros[p];
            zeroOfTruth += zerosOfTruth[p];
            zeroOfFloats += zerosOfFloats[p];
        }
        boolean kept = narrow && zeroOfFloats == 0;
        return new NearDump(
                dump, name, kept ? differences : null, kept ? null : truth.clone(), all, zero == 0, zeroOfTruth == 0);
    }

    /// The numbers, in an array of the caller's.
    @Override
    public double[] get() {
        if (differences == null) {
            return Objects.requireNonNull(truth).clone();
        }
        double[] numbers = Objects.requireNonNull(dump).read(name);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += differences[i];
        }
        return numbers;
    }

    /// Whether it is beside numbers of this dump.
    boolean isBeside(Dump other) {
        return dump == other;
    }

    /// How far the dump's numbers are from them; of no elements where the dump has none.
    Errors errors() {
        return errors;
    }

    /// ‖dump − truth‖; NaN where a number is not finite, or the dump has none.
    double error() {
        return finite ? errors.error().value() : Double.NaN;
    }

    /// ‖truth‖; NaN where a number is not finite, or the dump has none.
    double size() {
        return finiteTruth ? errors.size().value() : Double.NaN;
    }
}

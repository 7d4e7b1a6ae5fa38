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

    /// What is known of some of the numbers.
    ///
    /// @param finite whether all differences are finite
    /// @param finiteTruth whether all true numbers are
    /// @param floats whether all differences are finite as floats
    private record Piece(Errors errors, boolean finite, boolean finiteTruth, boolean floats) {
        static final Piece NONE = new Piece(Errors.NONE, true, true, true);

        /// @param differences receives those between the two; null where nobody wants them
        static Piece of(double[] actual, double[] truth, int from, int count, float @Nullable [] differences) {
            // sums of zeros, which become NaN where a number is not finite
            double zero = 0;
            double zeroOfTruth = 0;
            float zeroOfFloats = 0;
            for (int i = 0; i < count; i++) {
                double o = truth[from + i];
                float difference = (float) (o - actual[i]);
                zero += (o - actual[i]) * 0;
                zeroOfTruth += o * 0;
                zeroOfFloats += difference * 0;
                if (differences != null) {
                    differences[from + i] = difference;
                }
            }
            return new Piece(Errors.piece(actual, truth, from, count), zero == 0, zeroOfTruth == 0, zeroOfFloats == 0);
        }

        Piece and(Piece next) {
            return new Piece(
                    errors.and(next.errors),
                    finite && next.finite,
                    finiteTruth && next.finiteTruth,
                    floats && next.floats);
        }
    }

    private final @Nullable Dump dump;
    private final String name;
    private final float @Nullable [] differences;
    private final double @Nullable [] truth;
    private final Piece whole;

    private NearDump(
            @Nullable Dump dump, String name, float @Nullable [] differences, double @Nullable [] truth, Piece whole) {
        this.dump = dump;
        this.name = name;
        this.differences = differences;
        this.truth = truth;
        this.whole = whole;
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
            return new NearDump(null, name, null, truth.clone(), Piece.NONE);
        }
        @Nullable Piece[] pieces = new @Nullable Piece[pieces(truth.length)];
        boolean narrow = dump.info(name).type() != ElementType.F64;
        float[] differences = narrow ? new float[truth.length] : null;
        threads.split(pieces.length, COST * PIECE, 1, (first, end) -> {
            double[] actual = new double[Math.min(PIECE, truth.length)];
            for (int p = first; p < end; p++) {
                int from = p * PIECE;
                int count = Math.min(PIECE, truth.length - from);
                dump.read(name, from, count, actual);
                pieces[p] = Piece.of(actual, truth, from, count, differences);
                others.take(p, actual, from, count);
            }
        });
        Piece all = Piece.NONE;
        for (Piece piece : pieces) {
            all = all.and(Objects.requireNonNull(piece));
        }
        boolean kept = narrow && all.floats();
        return new NearDump(dump, name, kept ? differences : null, kept ? null : truth.clone(), all);
    }

    /// The numbers, in an array of the caller's.
    @Override
    public double[] get() {
        if (differences == null) {
            return Objects.requireNonNull(truth).clone();
        }
        double[] numbers = new double[differences.length];
        readDump(numbers);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += differences[i];
        }
        return numbers;
    }

    /// The dump's own numbers, for [#subtract]; whole, since of a tensor that a map rearranges a part takes as long.
    ///
    /// @param into receives them; anything where the numbers themselves are kept
    void readDump(double[] into) {
        if (differences != null) {
            Objects.requireNonNull(dump).read(name, 0, into.length, into);
        }
    }

    /// How far other numbers [from, to) are from these.
    ///
    /// @param values the others
    /// @param errors has the dump's numbers, and receives `values` less these
    void subtract(double[] values, double[] errors, int from, int to) {
        if (differences == null) {
            double[] numbers = Objects.requireNonNull(truth);
            for (int i = from; i < to; i++) {
                errors[i] = values[i] - numbers[i];
            }
            return;
        }
        for (int i = from; i < to; i++) {
            errors[i] = values[i] - (errors[i] + differences[i]);
        }
    }

    /// Whether it is beside numbers of this dump.
    boolean isBeside(Dump other) {
        return dump == other;
    }

    /// How far the dump's numbers are from them; of no elements where the dump has none.
    Errors errors() {
        return whole.errors();
    }

    /// ‖dump − truth‖; NaN where a number is not finite, or the dump has none.
    double error() {
        return dump != null && whole.finite() ? whole.errors().error().value() : Double.NaN;
    }

    /// ‖truth‖; NaN where a number is not finite, or the dump has none.
    double size() {
        return dump != null && whole.finiteTruth() ? whole.errors().size().value() : Double.NaN;
    }
}

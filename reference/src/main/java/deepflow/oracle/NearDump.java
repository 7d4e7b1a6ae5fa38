package deepflow.oracle;

import deepflow.io.ElementType;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a dump's tensor should be, in half the memory: its differences from the dump's own numbers, in float32. An
/// element is off by 2⁻²⁴ of the dump's error in it then, which no judgement can see. Of a float64 dump, and where a
/// difference is no finite float, the numbers themselves are kept.
///
/// A check keeps two truths of every tensor, and memory touched for the first time costs more than computing them.
final class NearDump implements Supplier<double[]> {
    private static final double[] NONE = {};

    private final Dump dump;
    private final String name;
    private final float @Nullable [] differences;
    private final double[] truth;
    private final double error;
    private final double size;

    private NearDump(
            Dump dump, String name, float @Nullable [] differences, double[] truth, double error, double size) {
        this.dump = dump;
        this.name = name;
        this.differences = differences;
        this.truth = truth;
        this.error = error;
        this.size = size;
    }

    /// Keeps numbers beside the dump's, or by themselves where the dump has none in that number.
    ///
    /// @param dump open as long as numbers are asked for
    /// @param truth in an array that nobody changes
    static NearDump of(Dump dump, String name, double[] truth) {
        boolean beside = dump.has(name)
                && dump.info(name).type().isFloating()
                && dump.info(name).elements() == truth.length;
        return beside
                ? of(dump, name, dump.read(name), truth)
                : new NearDump(dump, name, null, truth, Double.NaN, Norm.ofFinite(truth));
    }

    /// The same with the dump's numbers at hand.
    static NearDump of(Dump dump, String name, double[] actual, double[] truth) {
        double[] errors = new double[truth.length];
        float[] differences = new float[truth.length];
        float zero = 0; // becomes NaN where a difference is not finite
        for (int i = 0; i < errors.length; i++) {
            errors[i] = truth[i] - actual[i];
            differences[i] = (float) errors[i];
            zero += differences[i] * 0;
        }
        double error = Norm.ofFinite(errors);
        double size = Norm.ofFinite(truth);
        return Float.isNaN(zero) || dump.info(name).type() == ElementType.F64
                ? new NearDump(dump, name, null, truth, error, size)
                : new NearDump(dump, name, differences, NONE, error, size);
    }

    /// The numbers, in an array of the caller's.
    @Override
    public double[] get() {
        if (differences == null) {
            return truth.clone();
        }
        double[] numbers = dump.read(name);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += differences[i];
        }
        return numbers;
    }

    /// ‖dump − truth‖; NaN where a number is not finite, or the dump has none.
    double error() {
        return error;
    }

    /// ‖truth‖; NaN where a number is not finite.
    double size() {
        return size;
    }
}

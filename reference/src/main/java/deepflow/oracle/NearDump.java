package deepflow.oracle;

import deepflow.io.ElementType;
import java.util.function.Supplier;

/// What a dump's tensor should be, in half the memory: its differences from the dump's own numbers, in float32. An
/// element is off by 2⁻²⁴ of the dump's error in it then, which no judgement can see. Of a float64 dump, and where a
/// difference is no finite float, the numbers themselves are kept.
///
/// A check keeps two truths of every tensor, and memory touched for the first time costs more than computing them.
///
/// @param dump open as long as numbers are asked for
/// @param differences truth − dump
record NearDump(Dump dump, String name, float[] differences) implements Supplier<double[]> {
    /// Keeps numbers beside the dump's, or by themselves where the dump has none in that number.
    ///
    /// @param truth in an array that nobody changes
    static Supplier<double[]> of(Dump dump, String name, double[] truth) {
        boolean beside = dump.has(name)
                && dump.info(name).type().isFloating()
                && dump.info(name).elements() == truth.length;
        return beside ? of(dump, name, dump.read(name), truth) : truth::clone;
    }

    /// The same with the dump's numbers at hand.
    static Supplier<double[]> of(Dump dump, String name, double[] actual, double[] truth) {
        if (dump.info(name).type() == ElementType.F64) {
            return truth::clone;
        }
        float[] differences = new float[truth.length];
        float zero = 0; // becomes NaN where a difference is not finite
        for (int i = 0; i < differences.length; i++) {
            differences[i] = (float) (truth[i] - actual[i]);
            zero += differences[i] * 0;
        }
        return zero == 0 ? new NearDump(dump, name, differences) : truth::clone;
    }

    @Override
    public double[] get() {
        double[] truth = dump.read(name);
        for (int i = 0; i < truth.length; i++) {
            truth[i] += differences[i];
        }
        return truth;
    }
}

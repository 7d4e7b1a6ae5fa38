package deepflow.oracle.emulation;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Sums over axes, their terms added in another order.
///
/// @param accumulator adds them
/// @param rounding how partial sums are rounded where they are kept in a narrower type
/// @param order of the terms
record ReorderedSums(Backend accumulator, Rounding rounding, SummationOrder order) {
    /// @param x elements of shape `from`
    /// @param partial a type to which the sum is rounded after each term, one after the other; null for the
    ///     accumulator's own way
    double[] sumTo(double[] x, Shape from, Shape to, @Nullable FloatFormat partial) {
        int[] summed = IntStream.range(0, from.rank())
                .filter(a -> from.dim(a) != to.dim(a))
                .toArray();
        int[] kept = IntStream.range(0, from.rank())
                .filter(a -> from.dim(a) == to.dim(a))
                .toArray();
        int[] axes = IntStream.concat(IntStream.of(summed), IntStream.of(kept)).toArray();
        int terms = 1;
        for (int a : summed) {
            terms *= from.dim(a);
        }
        int sums = Math.toIntExact(to.size());
        Tensor given = accumulator.upload(x, from);
        Tensor rows = accumulator.permute(given, axes).reshape(terms, sums);
        Tensor ordered = accumulator.gather(rows, accumulator.uploadIndices(order.of(terms), Shape.of(terms)));
        double[] y = partial == null
                ? accumulator.take(accumulator.sumTo(ordered, Shape.of(1, sums)))
                : rowByRow(accumulator.elements(ordered), sums, partial);
        List.of(given, rows, ordered).forEach(accumulator::release);
        return y;
    }

    private double[] rowByRow(double[] rows, int sums, FloatFormat partial) {
        // to nearest where the type is narrow: a sum that has grown swallows terms then, all to one side
        Rounding each = partial.holds(FloatFormat.F32) ? rounding : Rounding.NEAREST;
        double[] total = new double[sums];
        for (int at = 0; at < rows.length; at += sums) {
            for (int i = 0; i < sums; i++) {
                total[i] += rows[at + i];
            }
            each.round(partial, total);
        }
        return total;
    }
}

package deepflow.oracle.budget;

import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;

/// Products of matrices' absolute values, never too small but for what float64 itself is off: for bounds, which need
/// no more than their first digits, so that a back end in float32 will do.
///
/// @param products computes them
/// @param loops for what is done element by element
/// @param arrays has arrays that are idle
record UpperProducts(Backend products, Loops loops, Backend arrays) {
    private static final double FLOAT_UNIT = 0x1p-24;
    /// What a float32 sum may lose of a term that is no normal number, with room for a product of two.
    private static final double FLOAT_UNDERFLOW = 0x1p-125;
    /// Exponents of the largest elements that need no shift: products of two are far from both ends of float32.
    private static final int NEAR = 16;
    /// Roundings beside those of the sum.
    private static final int STEPS = 8;

    /// An upper bound of op(|a|)·op(|b|), as [Backend#matmul] has it, element by element.
    double[] of(double[] a, Shape sa, boolean transposeA, double[] b, Shape sb, boolean transposeB) {
        // the largest elements are put near 1 where they are far from it: float32 needs room on both sides
        boolean narrow = products.dtype() == DType.F32;
        int ea = narrow ? shift(a) : 0;
        int eb = narrow ? shift(b) : 0;
        Tensor left = uploaded(a, -ea, sa);
        Tensor right = uploaded(b, -eb, sb);
        Tensor product = products.matmul(left, transposeA, right, transposeB);
        double[] y = arrays.array(Math.toIntExact(product.size()));
        products.download(product, y);
        List.of(left, right, product).forEach(products::release);
        if (!narrow) {
            return y;
        }
        int terms = sa.dim(transposeA ? -2 : -1);
        double factor = 1 + 2 * (terms + STEPS) * FLOAT_UNIT;
        loops.over(y.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                y[i] = ea + eb == 0
                        ? y[i] * factor + terms * FLOAT_UNDERFLOW
                        : Math.scalb(y[i] * factor + terms * FLOAT_UNDERFLOW, ea + eb);
            }
        });
        return y;
    }

    /// |x|·2^`exponent`.
    private Tensor uploaded(double[] x, int exponent, Shape shape) {
        double[] scaled = loops.absolute(x, Math.scalb(1.0, exponent), arrays.array(x.length));
        Tensor tensor = products.upload(scaled, shape);
        arrays.giveBack(scaled);
        return tensor;
    }

    /// The exponent of the largest element that is finite; 0 where that is near 0.
    private int shift(double[] x) {
        double max = loops.largestFinite(x);
        int exponent = max == 0 ? 0 : Math.getExponent(max);
        return Math.abs(exponent) <= NEAR ? 0 : Math.clamp(exponent, -1000, 1000);
    }
}

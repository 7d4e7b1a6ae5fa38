package deepflow.oracle.budget;

import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Products of matrices' absolute values and of their errors, never too small but for what float64 itself is off: for
/// bounds, which need no more than their first digits, so that a back end in float32 will do.
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

    /// A matrix, or several, as [Backend#matmul] takes it.
    ///
    /// @param values only read
    /// @param error how far each may be off; null where none is. The array is given away
    record Operand(double[] values, double @Nullable [] error, Shape shape, boolean transposed) {}

    /// Upper bounds for each element of a product, in arrays of the caller's.
    ///
    /// @param size |a|·|b|
    /// @param inherited what errors of the operands come to, eₐ·|b| + (|a| + eₐ)·e_b; null where there are none
    record Sums(double[] size, double @Nullable [] inherited) {}

    /// Absolute values over 2^`exponent`, where they are multiplied.
    private record Factor(Tensor scaled, int exponent, boolean transposed) {}

    /// Of the product of two operands.
    Sums of(Operand a, Operand b) {
        double[] ea = a.error();
        double[] eb = b.error();
        List<Factor> factors = new ArrayList<>();
        Factor left = factor(a.values(), a, factors);
        Factor right = factor(b.values(), b, factors);
        double[] size = product(left, right);
        double[] inherited = ea == null ? null : product(factor(ea, a, factors), right);
        if (eb != null) {
            Factor largest = ea == null
                    ? left
                    : factor(loops.map(ea, a.values(), (error, v) -> error + Math.abs(v)), a, factors);
            double[] second = product(largest, factor(eb, b, factors));
            inherited = inherited == null ? second : sum(second, inherited);
            arrays.giveBack(eb);
        }
        if (ea != null) {
            arrays.giveBack(ea);
        }
        factors.forEach(f -> products.release(f.scaled()));
        return new Sums(size, inherited);
    }

    private double[] sum(double[] x, double[] y) {
        loops.map(x, y, Double::sum);
        arrays.giveBack(y);
        return x;
    }

    /// @param of whose numbers these are
    /// @param factors gets it
    private Factor factor(double[] x, Operand of, List<Factor> factors) {
        // the largest element is put near 1 where it is far from it: float32 needs room on both sides
        int exponent = narrow() ? shift(x) : 0;
        double[] scaled = loops.absolute(x, Math.scalb(1.0, -exponent), arrays.array(x.length));
        Factor factor = new Factor(products.upload(scaled, of.shape()), exponent, of.transposed());
        arrays.giveBack(scaled);
        factors.add(factor);
        return factor;
    }

    private boolean narrow() {
        return products.dtype() == DType.F32;
    }

    private double[] product(Factor a, Factor b) {
        Tensor product = products.matmul(a.scaled(), a.transposed(), b.scaled(), b.transposed());
        double[] y = arrays.array(Math.toIntExact(product.size()));
        products.download(product, y);
        products.release(product);
        if (!narrow()) {
            return y;
        }
        int terms = a.scaled().shape().dim(a.transposed() ? -2 : -1);
        int exponent = a.exponent() + b.exponent();
        double factor = 1 + 2 * (terms + STEPS) * FLOAT_UNIT;
        loops.over(y.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                y[i] = exponent == 0
                        ? y[i] * factor + terms * FLOAT_UNDERFLOW
                        : Math.scalb(y[i] * factor + terms * FLOAT_UNDERFLOW, exponent);
            }
        });
        return y;
    }

    /// The exponent of the largest element that is finite; 0 where that is near 0.
    private int shift(double[] x) {
        double max = loops.largestFinite(x);
        int exponent = max == 0 ? 0 : Math.getExponent(max);
        return Math.abs(exponent) <= NEAR ? 0 : Math.clamp(exponent, -1000, 1000);
    }
}

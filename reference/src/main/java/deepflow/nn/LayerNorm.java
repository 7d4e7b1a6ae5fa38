package deepflow.nn;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Rows;
import deepflow.autograd.Variable;
import deepflow.tensor.Shape;
import java.util.Arrays;

/// y = (x − mean)/√(variance + ε), optionally ·`weight` + `bias`; over the last axis, biased variance.
///
/// @param width D, the extent of the last axis
/// @param eps ε
/// @param affine whether there are `weight` and `bias` (D)
public record LayerNorm(int width, double eps, boolean affine) implements Module {
    /// Without affine and with ε = 1e-6: the norms that are modulated.
    public static LayerNorm plain(int width) {
        return new LayerNorm(width, 1e-6, false);
    }

    /// With affine and PyTorch's ε = 1e-5.
    public static LayerNorm affine(int width) {
        return new LayerNorm(width, 1e-5, true);
    }

    @Override
    public void declare(Declarations into) {
        if (affine) {
            into.parameter("weight", Shape.of(width), Initializer.ONE)
                    .parameter("bias", Shape.of(width), Initializer.ZERO);
        }
    }

    /// @param x (…, D)
    /// @return the same shape
    public Variable forward(Context ctx, Variable x) {
        Variable y = Rows.layerNorm(x, eps);
        if (affine) {
            int[] row = new int[x.shape().rank()];
            Arrays.fill(row, 1);
            row[row.length - 1] = width;
            y = Pointwise.add(
                    Pointwise.multiply(y, Layout.reshape(ctx.parameter("weight"), row)),
                    Layout.reshape(ctx.parameter("bias"), row));
        }
        return ctx.output(y);
    }
}

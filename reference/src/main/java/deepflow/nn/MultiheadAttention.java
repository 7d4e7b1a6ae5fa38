package deepflow.nn;

import deepflow.autograd.Layout;
import deepflow.autograd.Products;
import deepflow.autograd.Variable;
import deepflow.tensor.Shape;
import java.util.List;

/// Attention between two token sequences, with PyTorch's names: `in_proj_weight` (3D, D; rows q, k, v),
/// `in_proj_bias` (3D), `out_proj`.
///
/// @param width D
/// @param heads h, divides D
public record MultiheadAttention(int width, int heads) implements Module {
    @Override
    public void declare(Declarations into) {
        Shape packed = Shape.of(3 * width, width);
        into.parameter("in_proj_weight", packed, Initializer.xavier(packed))
                .parameter("in_proj_bias", Shape.of(3 * width), Initializer.ZERO)
                .child("out_proj", outProj());
    }

    private Linear outProj() {
        return new Linear(width, width);
    }

    /// @param query (N, T, D)
    /// @param key (N, S, D)
    /// @param value (N, S, D)
    /// @return (N, T, D), before any residual
    public Variable forward(Context ctx, Variable query, Variable key, Variable value) {
        List<Variable> w = Layout.split(ctx.parameter("in_proj_weight"), 0, 3);
        List<Variable> b = Layout.split(ctx.parameter("in_proj_bias"), 0, 3);
        Variable q = Products.linear(query, w.get(0), b.get(0));
        Variable k = Products.linear(key, w.get(1), b.get(1));
        Variable v = Products.linear(value, w.get(2), b.get(2));
        // PyTorch's module applies out_proj as a function: it has no output of its own in a trace.
        Context out = ctx.in("out_proj");
        Variable attended = Products.attention(q, k, v, heads, Heads.scale(width, heads));
        return ctx.output(Products.linear(attended, out.parameter("weight"), out.parameter("bias")));
    }
}

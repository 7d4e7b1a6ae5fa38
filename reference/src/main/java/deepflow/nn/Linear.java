package deepflow.nn;

import deepflow.autograd.Products;
import deepflow.autograd.Variable;
import deepflow.tensor.Shape;

/// y = x·Wᵀ + b, with `weight` (out, in) and `bias` (out).
///
/// @param in I, the extent of the input's last axis
/// @param out O, the extent of the output's last axis
/// @param weight how the weight starts; the bias starts at 0
public record Linear(int in, int out, Initializer weight) implements Module {
    /// Xavier-uniform, as all linear layers but those SPEC §5 names.
    public Linear(int in, int out) {
        this(in, out, new Initializer.XavierUniform(in, out));
    }

    /// A layer that starts at zero: modulations, velocity and acceleration layers.
    public static Linear zero(int in, int out) {
        return new Linear(in, out, Initializer.ZERO);
    }

    @Override
    public void declare(Declarations into) {
        into.parameter("weight", Shape.of(out, in), weight).parameter("bias", Shape.of(out), Initializer.ZERO);
    }

    /// @param x (…, in)
    /// @return (…, out)
    public Variable forward(Context ctx, Variable x) {
        return ctx.output(Products.linear(x, ctx.parameter("weight"), ctx.parameter("bias")));
    }
}

package deepflow.nn;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;

/// Activations as modules, so that the trace has their outputs.
public enum Activation {
    /// x·σ(x).
    SILU,
    /// GELU, tanh form.
    GELU_TANH;

    /// @param x any shape
    /// @return the same shape
    public Variable forward(Context ctx, Variable x) {
        return ctx.output(
                switch (this) {
                    case SILU -> Pointwise.silu(x);
                    case GELU_TANH -> Pointwise.gelu(x);
                });
    }
}

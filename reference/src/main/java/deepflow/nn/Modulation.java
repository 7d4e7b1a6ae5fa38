package deepflow.nn;

import deepflow.autograd.Layout;
import deepflow.autograd.Tokens;
import deepflow.autograd.Variable;
import java.util.List;

/// `adaLN_modulation`: a condition becomes `parts` vectors of width D, by SiLU (`0`) and a linear layer (`1`) that
/// starts at zero, so that a fresh block is the identity (AdaLN-Zero; Peebles and Xie 2023).
///
/// @param in width of the condition
/// @param width D
/// @param parts how many vectors: 6 in a block, 2 in a velocity layer
public record Modulation(int in, int width, int parts) implements Module {
    @Override
    public void declare(Declarations into) {
        into.child("1", linear());
    }

    private Linear linear() {
        return Linear.zero(in, parts * width);
    }

    /// @param c (N, in)
    /// @return `parts` variables (N, D), in the order of the linear layer's rows
    public List<Variable> forward(Context ctx, Variable c) {
        Variable s = Activation.SILU.forward(ctx.in("0"), c);
        return Layout.split(ctx.output(linear().forward(ctx.in("1"), s)), 1, parts);
    }

    /// z·(1 + scale) + shift, per sample.
    ///
    /// @param z (N, T, D)
    /// @param shift (N, D)
    /// @param scale (N, D)
    /// @return (N, T, D)
    public static Variable modulate(Variable z, Variable shift, Variable scale) {
        return Tokens.modulate(z, shift, scale);
    }
}

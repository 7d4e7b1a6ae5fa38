package deepflow.nn;

import deepflow.autograd.Variable;

/// `fc2`(GELU_tanh(`fc1` x)).
///
/// @param in width of the input
/// @param hidden width between the layers
/// @param out width of the output
public record Mlp(int in, int hidden, int out) implements Module {
    @Override
    public void declare(Declarations into) {
        into.child("fc1", fc1()).child("fc2", fc2());
    }

    private Linear fc1() {
        return new Linear(in, hidden);
    }

    private Linear fc2() {
        return new Linear(hidden, out);
    }

    /// @param x (…, in)
    /// @return (…, out)
    public Variable forward(Context ctx, Variable x) {
        Variable h = Activation.GELU_TANH.forward(ctx.in("act"), fc1().forward(ctx.in("fc1"), x));
        return ctx.output(fc2().forward(ctx.in("fc2"), h));
    }
}

package deepflow.nn;

import deepflow.autograd.Variable;
import java.util.List;

/// Linear layers with SiLU between them, numbered as PyTorch's Sequential numbers them: linear layers at 0, 2, 4 …,
/// activations at 1, 3, 5 …
///
/// @param widths extents from input to output, at least two
public record SiluMlp(List<Integer> widths) implements Module {
    /// The layers' widths, from input to output.
    public static SiluMlp of(Integer... widths) {
        return new SiluMlp(List.of(widths));
    }

    @Override
    public void declare(Declarations into) {
        for (int i = 0; i + 1 < widths.size(); i++) {
            into.child(Integer.toString(2 * i), layer(i));
        }
    }

    private Linear layer(int i) {
        return new Linear(widths.get(i), widths.get(i + 1));
    }

    /// @param x (…, first width)
    /// @return (…, last width)
    public Variable forward(Context ctx, Variable x) {
        Variable h = x;
        for (int i = 0; i + 1 < widths.size(); i++) {
            if (i > 0) {
                h = Activation.SILU.forward(ctx.in(Integer.toString(2 * i - 1)), h);
            }
            h = layer(i).forward(ctx.in(Integer.toString(2 * i)), h);
        }
        return ctx.output(h);
    }
}

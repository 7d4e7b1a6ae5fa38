package deepflow.nn;

import deepflow.autograd.Layout;
import deepflow.autograd.Variable;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

/// Class labels as vectors: rows of `embedding_table`, (K+1, D); row K is the null class of classifier-free
/// guidance (SPEC §2).
///
/// @param classes K
/// @param width D
public record LabelEmbedder(int classes, int width) implements Module {
    @Override
    public void declare(Declarations into) {
        into.parameter("embedding_table.weight", Shape.of(classes + 1, width), new Initializer.Normal(0.02));
    }

    /// @param y (N), I32, 0…K
    /// @return (N, D)
    public Variable forward(Context ctx, Tensor y) {
        Context table = ctx.in("embedding_table");
        return ctx.output(table.output(Layout.gather(table.parameter("weight"), y)));
    }
}

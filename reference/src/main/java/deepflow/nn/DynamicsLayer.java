package deepflow.nn;

import deepflow.autograd.Variable;
import java.util.List;

/// A velocity or acceleration layer (SPEC §2, "dynamics layer"): shift, scale = `adaLN_modulation`(c);
/// `linear`(modulate(LN(z), shift, scale)), tokens to the p·p·C numbers of their patch.
///
/// @param width D
/// @param out p·p·C
public record DynamicsLayer(int width, int out) implements Module {
    @Override
    public void declare(Declarations into) {
        into.child("linear", linear()).child("adaLN_modulation", modulation());
    }

    private Linear linear() {
        return Linear.zero(width, out);
    }

    private Modulation modulation() {
        return new Modulation(width, width, 2);
    }

    /// @param z (N, T, D)
    /// @param c (N, D)
    /// @return (N, T, p·p·C)
    public Variable forward(Context ctx, Variable z, Variable c) {
        List<Variable> m = modulation().forward(ctx.in("adaLN_modulation"), c);
        Variable h = LayerNorm.plain(width).forward(ctx.in("norm_final"), z);
        return ctx.output(linear().forward(ctx.in("linear"), Modulation.modulate(h, m.get(0), m.get(1))));
    }
}

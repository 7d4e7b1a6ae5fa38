package deepflow.equation;

import static deepflow.nn.Modulation.modulate;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.LayerNorm;
import deepflow.nn.Mlp;
import deepflow.nn.Modulation;
import deepflow.nn.Module;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// **Eq. 8**, modulation by the time gap, `acc_norm`:
///
/// shift, scale = `adaLN_modulation`(e), z′ = LN(z)·(1 + scale) + shift, out = `mlp`(z′).
///
/// z = (v* | a*) is (N, T, 2D); e (N, 2D) is the embedding of the gap t_{i+1} − t_i; `mlp` is 2D→2D→D with GELU
/// (tanh), so out is (N, T, D). LN has no affine and ε = 1e-6. Tokens do not see each other. In the additive design
/// and in ablations z is (N, T, D), and all widths are D (SPEC §3).
///
/// @param in width of z: 2D, or D
/// @param out D
/// @param clamp whether scale is clipped to [−5, 5] ("legacy scaling")
/// @param modulated whether there is a modulation; without, out = `mlp`(LN(z))
@Equation(8)
public record TimeGapModulation(int in, int out, boolean clamp, boolean modulated) implements Module {
    private static final double LEGACY_LIMIT = 5;

    @Override
    public void declare(Declarations into) {
        into.child("mlp", mlp());
        if (modulated) {
            into.child("adaLN_modulation", modulation());
        }
    }

    private Mlp mlp() {
        return new Mlp(in, in, out);
    }

    private Modulation modulation() {
        return new Modulation(in, in, 2);
    }

    /// @param z (N, T, in)
    /// @param e embedding of the time gap (N, in); null exactly where there is no modulation
    /// @return (N, T, out)
    public Variable forward(Context ctx, Variable z, @Nullable Variable e) {
        if ((e != null) != modulated) {
            throw new IllegalArgumentException("a time gap is given exactly where there is a modulation");
        }
        Variable h;
        if (e == null) {
            h = LayerNorm.plain(in).forward(ctx.in("norm_final"), z);
        } else {
            List<Variable> m = modulation().forward(ctx.in("adaLN_modulation"), e);
            Variable shift = m.get(0);
            Variable scale = clamp ? Pointwise.clamp(m.get(1), -LEGACY_LIMIT, LEGACY_LIMIT) : m.get(1);
            h = modulate(LayerNorm.plain(in).forward(ctx.in("norm_final"), z), shift, scale);
        }
        return ctx.output(mlp().forward(ctx.in("mlp"), h));
    }
}

package deepflow.nn;

import static deepflow.autograd.Tokens.addGated;
import static deepflow.nn.Modulation.modulate;

import deepflow.autograd.Variable;
import java.util.List;

/// One transformer block of SiT (SPEC §2), conditioned by c = t_emb + y_emb:
///
/// x ← x + gate₁·attn(modulate(LN(x), shift₁, scale₁)),
/// x ← x + gate₂·mlp(modulate(LN(x), shift₂, scale₂)),
///
/// with shift₁, scale₁, gate₁, shift₂, scale₂, gate₂ = `adaLN_modulation`(c).
///
/// @param width D
/// @param heads h
/// @param qkNorm whether attention normalises q and k
public record Block(int width, int heads, boolean qkNorm) implements Module {
    @Override
    public void declare(Declarations into) {
        into.child("attn", attn()).child("mlp", mlp()).child("adaLN_modulation", modulation());
    }

    private Attention attn() {
        return new Attention(width, heads, qkNorm);
    }

    private Mlp mlp() {
        return new Mlp(width, 4 * width, width);
    }

    private Modulation modulation() {
        return new Modulation(width, width, 6);
    }

    /// @param x (N, T, D)
    /// @param c (N, D)
    /// @return (N, T, D)
    public Variable forward(Context ctx, Variable x, Variable c) {
        List<Variable> m = modulation().forward(ctx.in("adaLN_modulation"), c);
        LayerNorm norm = LayerNorm.plain(width);
        Variable h = modulate(norm.forward(ctx.in("norm1"), x), m.get(0), m.get(1));
        h = attn().forward(ctx.in("attn"), h);
        Variable x1 = addGated(x, h, m.get(2));
        h = modulate(norm.forward(ctx.in("norm2"), x1), m.get(3), m.get(4));
        h = mlp().forward(ctx.in("mlp"), h);
        return ctx.output(addGated(x1, h, m.get(5)));
    }
}

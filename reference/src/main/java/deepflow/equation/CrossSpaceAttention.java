package deepflow.equation;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.LayerNorm;
import deepflow.nn.Module;
import deepflow.nn.MultiheadAttention;

/// **Eq. 9**, cross-space attention, `cross_attention`: space asks, velocity answers.
///
/// q̃ = LN(s), m̃ = LN(m), refined = q̃ + MHA(q̃, m̃, m̃).
///
/// s (N, T, D) are the tokens that entered block 0 (patchified x_t + pos_embed), m (N, T, D) the result of Eq. 8;
/// one LayerNorm with affine (`layer_norm`, ε = 1e-5) is applied to query, key and value alike. Permuting the tokens of
/// s permutes the result;
/// permuting those of m changes nothing.
///
/// @param width D
/// @param heads h
@Equation(9)
public record CrossSpaceAttention(int width, int heads) implements Module {
    @Override
    public void declare(Declarations into) {
        into.child("multihead_attn", attention()).child("layer_norm", norm());
    }

    private MultiheadAttention attention() {
        return new MultiheadAttention(width, heads);
    }

    private LayerNorm norm() {
        return LayerNorm.affine(width);
    }

    /// @param s spatial tokens (N, T, D)
    /// @param m modulated velocity tokens (N, T, D)
    /// @return refined tokens (N, T, D)
    public Variable forward(Context ctx, Variable s, Variable m) {
        Variable q = norm().forward(ctx.in("layer_norm"), s);
        // key and value are equal, but each has a gradient of its own in the trace
        Variable k = norm().forward(ctx.in("layer_norm"), m);
        Variable v = norm().forward(ctx.in("layer_norm"), m);
        return ctx.output(Pointwise.add(q, attention().forward(ctx.in("multihead_attn"), q, k, v)));
    }
}

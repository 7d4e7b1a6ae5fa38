package deepflow.nn;

import deepflow.autograd.Layout;
import deepflow.autograd.Products;
import deepflow.autograd.Variable;
import java.util.List;

/// Self-attention of a block: `qkv` (rows ordered q, k, v, each h heads of D/h), softmax(q·kᵀ/√(D/h))·v, `proj`
/// (SPEC §2).
///
/// @param width D
/// @param heads h, divides D
/// @param qkNorm whether each head's q and k pass through a LayerNorm (`q_norm`, `k_norm`) first
public record Attention(int width, int heads, boolean qkNorm) implements Module {
    @Override
    public void declare(Declarations into) {
        into.child("qkv", qkv());
        if (qkNorm) {
            into.child("q_norm", headNorm()).child("k_norm", headNorm());
        }
        into.child("proj", proj());
    }

    private Linear qkv() {
        return new Linear(width, 3 * width);
    }

    private Linear proj() {
        return new Linear(width, width);
    }

    private LayerNorm headNorm() {
        return LayerNorm.affine(width / heads);
    }

    /// @param x (N, T, D)
    /// @return (N, T, D)
    public Variable forward(Context ctx, Variable x) {
        Variable qkv = qkv().forward(ctx.in("qkv"), x);
        Variable out = qkNorm
                ? normedAttention(ctx, Layout.split(qkv, 2, 3))
                : Products.selfAttention(qkv, heads, Heads.scale(width, heads));
        return ctx.output(proj().forward(ctx.in("proj"), out));
    }

    private Variable normedAttention(Context ctx, List<Variable> parts) {
        Variable q = headNorm().forward(ctx.in("q_norm"), Heads.cut(parts.get(0), heads));
        Variable k = headNorm().forward(ctx.in("k_norm"), Heads.cut(parts.get(1), heads));
        return Heads.attend(q, k, Heads.cut(parts.get(2), heads));
    }
}

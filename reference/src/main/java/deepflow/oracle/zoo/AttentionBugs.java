package deepflow.oracle.zoo;

import static deepflow.autograd.Layout.permute;
import static deepflow.autograd.Layout.reshape;

import deepflow.autograd.Layout;
import deepflow.autograd.Variable;
import deepflow.model.ModelConfig;
import deepflow.tensor.Shape;
import java.util.List;
import java.util.function.Predicate;

/// Mistakes in self-attention.
final class AttentionBugs {
    private static final String ATTENTION = Zoo.any(
            Zoo.act(".*attn(\\.proj)?"), Zoo.gradact(".*attn\\.qkv"), Zoo.grad(".*attn\\.(qkv\\..*|proj\\.weight)"));

    static final List<Bug> ALL = List.of(
            bug(
                    "query-key-swapped",
                    "Query and key are swapped: qkv's rows are q, k, v.",
                    "how qkv is cut",
                    c -> true,
                    (q, k, v) -> Formulas.attend(k, q, v)),
            bug(
                    "key-value-swapped",
                    "Key and value are swapped: qkv's rows are q, k, v.",
                    "how qkv is cut",
                    c -> true,
                    (q, k, v) -> Formulas.attend(q, v, k)),
            bug(
                    "attention-unscaled",
                    "Scores are not divided by √(D/h).",
                    "the scale argument of the attention kernel",
                    c -> c.width() != c.heads(),
                    (q, k, v) -> Formulas.attend(q, k, v, 1)),
            bug(
                    "attention-scaled-by-width",
                    "Scores are divided by √D; it should be √(D/h), of one head.",
                    "the scale argument of the attention kernel",
                    c -> c.heads() > 1,
                    (q, k, v) -> Formulas.attend(
                            q,
                            k,
                            v,
                            1 / Math.sqrt((double) q.shape().dim(1) * q.shape().dim(3)))),
            bug(
                    "attention-causal",
                    "A causal mask hides later tokens; patches see each other.",
                    "is_causal",
                    c -> c.tokens() > 1,
                    AttentionBugs::causal),
            bug(
                    "heads-not-transposed",
                    "Heads are put together without moving the head axis back behind the tokens.",
                    "transpose(1, 2) before the reshape to (N, T, D)",
                    c -> c.heads() > 1 && c.tokens() > 1,
                    (q, k, v) -> {
                        Variable out = Formulas.attend(q, k, v);
                        Shape s = out.shape();
                        // (N, h, T, D/h) read as (N, T, D): undone here, since it is put together rightly behind this
                        Variable wrong = reshape(out, s.dim(0), s.dim(2), s.dim(1), s.dim(3));
                        return permute(wrong, 0, 2, 1, 3);
                    }),
            interleaved(
                    "qkv-interleaved-by-head",
                    "qkv is read as (heads, 3, D/h), q, k and v of one head side by side; its rows are (3, heads, D/h).",
                    "the view of qkv before it is cut",
                    (x, h, d) -> permute(reshape(x, x.shape().dim(0), x.shape().dim(1), h, 3, d), 3, 0, 2, 1, 4)),
            interleaved(
                    "heads-channels-swapped",
                    "A head takes every h-th channel, (D/h, heads); its channels lie side by side, (heads, D/h).",
                    "the view of qkv before it is cut",
                    (x, h, d) -> permute(reshape(x, x.shape().dim(0), x.shape().dim(1), 3, d, h), 2, 0, 4, 1, 3)));

    private AttentionBugs() {}

    /// qkv (N, T, 3D) as (3, N, h, T, D/h).
    @FunctionalInterface
    private interface View {
        Variable of(Variable qkv, int heads, int each);
    }

    private static Variable causal(Variable q, Variable k, Variable v) {
        List<Variable> queries = Layout.split(q, 2, q.shape().dim(2));
        Variable[] rows = new Variable[queries.size()];
        for (int t = 0; t < rows.length; t++) {
            int[] seen = t + 1 < rows.length ? new int[] {t + 1, rows.length - t - 1} : new int[] {rows.length};
            Variable keys = Layout.split(k, 2, seen).getFirst();
            Variable values = Layout.split(v, 2, seen).getFirst();
            rows[t] = Formulas.attend(queries.get(t), keys, values);
        }
        return Layout.concat(2, rows);
    }

    private static Bug bug(
            String name, String says, String look, Predicate<ModelConfig> possible, Formulas.Attend attend) {
        return new Bug(
                name,
                Bug.Area.BLOCK,
                says,
                look,
                List.of(),
                ATTENTION,
                (c, a) -> possible.test(c) && !c.qkNorm(),
                new Mistake.Output("blocks\\.\\d+\\.attn\\.proj", (s, call, y) -> Formulas.attention(s, call, attend)));
    }

    private static Bug interleaved(String name, String says, String look, View view) {
        return new Bug(
                name,
                Bug.Area.LAYOUT,
                says,
                look,
                List.of(),
                ATTENTION,
                (c, a) -> c.heads() > 1 && c.heads() < c.width() && !c.qkNorm(),
                new Mistake.Output("blocks\\.\\d+\\.attn\\.proj", (s, call, y) -> {
                    Variable qkv = s.output(call.up(1).in("qkv"));
                    int h = s.config().heads();
                    int d = s.config().width() / h;
                    Variable three = view.of(qkv, h, d);
                    List<Variable> parts = Layout.split(three, 0, 3);
                    Shape one = Shape.of(qkv.shape().dim(0), h, qkv.shape().dim(1), d);
                    Variable out = Formulas.attend(
                            reshape(parts.get(0), one), reshape(parts.get(1), one), reshape(parts.get(2), one));
                    return Formulas.linear(s, call.path(), Formulas.merge(out));
                }));
    }
}

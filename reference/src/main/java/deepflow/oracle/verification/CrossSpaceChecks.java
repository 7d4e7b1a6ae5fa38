package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.CrossSpaceAttention;
import deepflow.nn.Context;
import deepflow.nn.LayerNorm;
import deepflow.tensor.Shape;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Eq. 9.
record CrossSpaceChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of(9);
    }

    @Override
    public Class<?> subject() {
        return CrossSpaceAttention.class;
    }

    @Override
    public String file() {
        return "eq09-cross-space-attention.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        Variable s = e.variable("s");
        CrossSpaceAttention attention = new CrossSpaceAttention(s.shape().dim(2), Integer.parseInt(e.option("heads")));
        return Map.of("refined", attention.forward(e.context(attention), s, e.variable("m")));
    }

    /// Of width 6 at least: LayerNorm of a few numbers, almost equal by chance, is too steep for differences.
    @Override
    public Case draw(Draw draw) {
        int heads = draw.extents().heads();
        CrossSpaceAttention attention =
                new CrossSpaceAttention(heads * Math.max(draw.extents().headWidth(), (heads + 5) / heads), heads);
        Map<String, Values> values = new LinkedHashMap<>();
        values.put("in.s", draw.values(draw.tokens(attention.width())));
        values.put("in.m", draw.values(velocity(draw, attention)));
        draw.weights(attention).forEach((name, w) -> values.put("weight." + name, w));
        return new Case(Map.of("heads", Integer.toString(attention.heads())), values);
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.exact("permuting query tokens permutes the result", CrossSpaceChecks::equivariant),
                Law.rounding("permuting key and value tokens: no change", CrossSpaceChecks::invariant),
                Law.exact("exchanging space and velocity: a change", CrossSpaceChecks::exchanged),
                Law.exact("an attention of zero leaves LN(s)", CrossSpaceChecks::residual),
                Law.rounding("one key token: the same addend for all", CrossSpaceChecks::oneKey));
    }

    private static CrossSpaceAttention module(Draw d) {
        return new CrossSpaceAttention(d.extents().width(), d.extents().heads());
    }

    /// (N, S, D).
    private static Shape velocity(Draw d, CrossSpaceAttention attention) {
        return Shape.of(d.extents().samples(), d.extents().keys(), attention.width());
    }

    private static double equivariant(Draw d) {
        CrossSpaceAttention attention = module(d);
        Context ctx = d.context(attention, d.weights(attention));
        Values s = d.values(d.tokens(attention.width()));
        Variable m = d.variable(velocity(d, attention));
        List<Integer> order = d.permutation(d.extents().tokens());
        Variable straight = attention.forward(ctx, d.constant(s), m);
        Variable permuted = attention.forward(ctx, d.constant(Rows.chosen(s, order)), m);
        return RelativeError.of(
                Values.of(d.backend(), permuted.value()), Rows.chosen(Values.of(d.backend(), straight.value()), order));
    }

    private static double invariant(Draw d) {
        CrossSpaceAttention attention = module(d);
        Context ctx = d.context(attention, d.weights(attention));
        Variable s = d.variable(d.tokens(attention.width()));
        Values m = d.values(velocity(d, attention));
        Values permuted = Rows.chosen(m, d.permutation(d.extents().keys()));
        return RelativeError.of(
                attention.forward(ctx, s, d.constant(permuted)), attention.forward(ctx, s, d.constant(m)));
    }

    /// The error is 0 where the two differ. Of width 8 at least: LayerNorm makes narrow tokens look alike.
    private static double exchanged(Draw d) {
        int heads = d.extents().heads();
        CrossSpaceAttention attention =
                new CrossSpaceAttention(heads * Math.max(8, d.extents().headWidth()), heads);
        Context ctx = d.context(attention, d.weights(attention));
        Variable s = d.variable(d.tokens(attention.width()));
        Variable m = d.variable(d.tokens(attention.width()));
        // without its residual LN(query), or the exchange would show even where attention ignored its keys
        double difference = RelativeError.of(attended(ctx, attention, m, s), attended(ctx, attention, s, m));
        return difference > Strictness.ROUNDING.bound(d.backend().dtype()) ? 0 : 1;
    }

    private static Variable attended(Context ctx, CrossSpaceAttention attention, Variable query, Variable other) {
        Variable residual = LayerNorm.affine(attention.width()).forward(ctx.in("layer_norm"), query);
        return Pointwise.subtract(attention.forward(ctx, query, other), residual);
    }

    private static double residual(Draw d) {
        CrossSpaceAttention attention = module(d);
        Map<String, Values> weights = d.weights(attention);
        for (String name : List.of("multihead_attn.out_proj.weight", "multihead_attn.out_proj.bias")) {
            weights.computeIfPresent(name, (_, w) -> Values.of(w.shape(), new double[w.size()]));
        }
        Context ctx = d.context(attention, weights);
        Variable s = d.variable(d.tokens(attention.width()));
        Variable refined = attention.forward(ctx, s, d.variable(velocity(d, attention)));
        return RelativeError.of(refined, LayerNorm.affine(attention.width()).forward(ctx.in("layer_norm"), s));
    }

    /// With one key, softmax is 1: what is added to LN(s) does not depend on the query.
    private static double oneKey(Draw d) {
        CrossSpaceAttention attention = module(d);
        Context ctx = d.context(attention, d.weights(attention));
        Shape one = velocity(d, attention).with(1, 1);
        Variable m = d.variable(one);
        Variable s = d.variable(d.tokens(attention.width()));
        Values refined = Values.of(d.backend(), attention.forward(ctx, s, m).value());
        Values normed = Values.of(
                d.backend(),
                LayerNorm.affine(attention.width())
                        .forward(ctx.in("layer_norm"), s)
                        .value());
        double[] addend = refined.elements();
        for (int i = 0; i < addend.length; i++) {
            addend[i] -= normed.at(i);
        }
        Values all = Values.of(refined.shape(), addend);
        Values first = Rows.chosen(all, Collections.nCopies(d.extents().tokens(), 0));
        double[] expected = first.elements();
        for (int i = 0; i < expected.length; i++) { // beside LN(s), whose rounding the subtraction has left
            expected[i] += normed.at(i);
        }
        return RelativeError.of(refined.elements(), expected);
    }
}

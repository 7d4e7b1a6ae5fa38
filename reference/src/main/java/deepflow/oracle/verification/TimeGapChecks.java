package deepflow.oracle.verification;

import deepflow.autograd.Variable;
import deepflow.equation.TimeGapModulation;
import deepflow.nn.Context;
import deepflow.nn.LayerNorm;
import deepflow.nn.Mlp;
import deepflow.tensor.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Eq. 8, with and without the clamp, and the forms without modulation and of width D.
record TimeGapChecks() implements EquationChecks {
    private static final String WEIGHT = "adaLN_modulation.1.weight";
    private static final String BIAS = "adaLN_modulation.1.bias";

    @Override
    public List<Integer> numbers() {
        return List.of(8);
    }

    @Override
    public Class<?> subject() {
        return TimeGapModulation.class;
    }

    @Override
    public String file() {
        return "eq08-time-gap-modulation.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        Variable z = e.variable("z");
        int out = Integer.parseInt(e.option("out"));
        TimeGapModulation m = new TimeGapModulation(z.shape().dim(2), out, e.flag("clamp"), e.flag("modulated"));
        return Map.of("m", m.forward(e.context(m), z, m.modulated() ? e.variable("e") : null));
    }

    /// Of width 6 at least: LayerNorm of a few numbers, almost equal by chance, is too steep for differences.
    @Override
    public Case draw(Draw draw) {
        boolean additive = draw.index(2) == 0;
        int width = draw.extents().width();
        TimeGapModulation m = new TimeGapModulation(
                Math.max(6, additive ? width : 2 * width), width, draw.index(2) == 0, draw.index(4) > 0);
        Map<String, Values> values = new LinkedHashMap<>();
        values.put("in.z", draw.values(draw.tokens(m.in())));
        values.put("in.e", draw.values(Shape.of(draw.extents().samples(), m.in())));
        draw.weights(m).forEach((name, w) -> values.put("weight." + name, w));
        return new Case(
                Map.of(
                        "out", Integer.toString(m.out()),
                        "clamp", Boolean.toString(m.clamp()),
                        "modulated", Boolean.toString(m.modulated())),
                values);
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.exact("zero modulation gives MLP(LN(z))", TimeGapChecks::zeroModulation),
                Law.exact("without modulation: MLP(LN(z))", TimeGapChecks::bare),
                Law.rounding("LN(z)(1 + scale) + shift enters the MLP", TimeGapChecks::modulation),
                Law.exact("tokens do not see each other", TimeGapChecks::alone),
                Law.exact("clamp: a scale beyond 5 counts as 5", d -> limit(d, true, 1)),
                Law.exact("clamp: a scale below -5 counts as -5", d -> limit(d, true, -1)),
                Law.exact("without clamp a scale of 50 is not 5", d -> limit(d, false, 1)));
    }

    private static TimeGapModulation module(Draw d, boolean clamp, boolean modulated) {
        return new TimeGapModulation(2 * d.extents().width(), d.extents().width(), clamp, modulated);
    }

    private static Variable gap(Draw d, TimeGapModulation m) {
        return d.variable(Shape.of(d.extents().samples(), m.in()));
    }

    /// `mlp` of `h`, by its own module.
    private static Variable mlp(Draw d, TimeGapModulation m, Map<String, Values> weights, Variable h) {
        return new Mlp(m.in(), m.in(), m.out()).forward(d.context(m, weights).in("mlp"), h);
    }

    private static Variable norm(Draw d, TimeGapModulation m, Map<String, Values> weights, Variable z) {
        return LayerNorm.plain(m.in()).forward(d.context(m, weights), z);
    }

    private static double zeroModulation(Draw d) {
        TimeGapModulation m = module(d, false, true);
        Map<String, Values> weights = d.weights(m);
        flatten(m, weights, 0, 0);
        Variable z = d.variable(d.tokens(m.in()));
        Variable out = m.forward(d.context(m, weights), z, gap(d, m));
        return RelativeError.of(out, mlp(d, m, weights, norm(d, m, weights, z)));
    }

    private static double bare(Draw d) {
        TimeGapModulation m = module(d, false, false);
        Map<String, Values> weights = d.weights(m);
        Variable z = d.variable(d.tokens(m.in()));
        Variable out = m.forward(d.context(m, weights), z, null);
        return RelativeError.of(out, mlp(d, m, weights, norm(d, m, weights, z)));
    }

    private static double modulation(Draw d) {
        TimeGapModulation m = module(d, false, true);
        Map<String, Values> weights = d.weights(m);
        double shift = d.number();
        double scale = d.number();
        flatten(m, weights, shift, scale);
        Variable z = d.variable(d.tokens(m.in()));
        double[] h = d.backend().download(norm(d, m, weights, z).value());
        for (int i = 0; i < h.length; i++) {
            h[i] = h[i] * (1 + scale) + shift;
        }
        Variable out = m.forward(d.context(m, weights), z, gap(d, m));
        return RelativeError.of(out, mlp(d, m, weights, d.constant(Values.of(z.shape(), h))));
    }

    private static double alone(Draw d) {
        TimeGapModulation m = module(d, d.index(2) == 0, true);
        Map<String, Values> weights = d.weights(m);
        Values z = d.values(d.tokens(m.in()));
        Variable e = gap(d, m);
        List<Integer> order = d.permutation(d.extents().tokens());
        Context ctx = d.context(m, weights);
        Values out = Values.of(d.backend(), m.forward(ctx, d.constant(z), e).value());
        Values permuted = Values.of(
                d.backend(),
                m.forward(ctx, d.constant(Rows.chosen(z, order)), e).value());
        return RelativeError.of(permuted, Rows.chosen(out, order));
    }

    /// Compares a scale of ±50 with one of ±5; without clamp the error is 0 where the two differ. Of width 8 at least:
    /// LayerNorm makes narrow tokens look alike.
    private static double limit(Draw d, boolean clamp, int sign) {
        int width = d.extents().width();
        TimeGapModulation m = new TimeGapModulation(Math.max(8, 2 * width), width, clamp, true);
        Map<String, Values> weights = d.weights(m);
        Variable z = d.variable(d.tokens(m.in()));
        double shift = d.number();
        flatten(m, weights, shift, sign * 50);
        Variable far = m.forward(d.context(m, weights), z, gap(d, m));
        flatten(m, weights, shift, sign * 5);
        Variable near = m.forward(d.context(m, weights), z, gap(d, m));
        double difference = RelativeError.of(far, near);
        if (clamp) {
            return difference;
        }
        return difference > Strictness.ROUNDING.bound(d.backend().dtype()) ? 0 : 1;
    }

    /// Makes shift and scale the same for every gap and channel.
    private static void flatten(TimeGapModulation m, Map<String, Values> weights, double shift, double scale) {
        Shape weight = Shape.of(2 * m.in(), m.in());
        double[] bias = new double[2 * m.in()];
        Arrays.fill(bias, 0, m.in(), shift);
        Arrays.fill(bias, m.in(), bias.length, scale);
        weights.put(WEIGHT, Values.of(weight, new double[Math.toIntExact(weight.size())]));
        weights.put(BIAS, Values.of(Shape.of(bias.length), bias));
    }
}

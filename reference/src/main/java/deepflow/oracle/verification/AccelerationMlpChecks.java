package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Products;
import deepflow.autograd.Variable;
import deepflow.equation.AccelerationMlp;
import deepflow.nn.Context;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Eq. 6.
record AccelerationMlpChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of(6);
    }

    @Override
    public Class<?> subject() {
        return AccelerationMlp.class;
    }

    @Override
    public String file() {
        return "eq06-acceleration-mlp.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        Variable v = e.variable("v");
        AccelerationMlp mlp = new AccelerationMlp(
                v.shape().dim(2),
                Integer.parseInt(e.option("acc")),
                AccelerationMlp.Form.valueOf(e.option("form").toUpperCase(Locale.ROOT)));
        return Map.of("a", mlp.forward(e.context(mlp), v));
    }

    @Override
    public Case draw(Draw draw) {
        AccelerationMlp mlp = module(draw, AccelerationMlp.Form.values()[draw.index(2)]);
        Map<String, Values> values = new LinkedHashMap<>();
        values.put("in.v", draw.values(draw.tokens(mlp.width())));
        draw.weights(mlp).forEach((name, w) -> values.put("weight." + name, w));
        return new Case(
                Map.of(
                        "form", mlp.form().name().toLowerCase(Locale.ROOT),
                        "acc", Integer.toString(mlp.acc())),
                values);
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.exact("deep: acts on each token alone", d -> alone(d, AccelerationMlp.Form.DEEP)),
                Law.exact("shallow: acts on each token alone", d -> alone(d, AccelerationMlp.Form.SHALLOW)),
                Law.rounding("deep: four layers with SiLU between", d -> layers(d, AccelerationMlp.Form.DEEP, 4)),
                Law.rounding("shallow: two layers with SiLU between", d -> layers(d, AccelerationMlp.Form.SHALLOW, 2)));
    }

    private static AccelerationMlp module(Draw d, AccelerationMlp.Form form) {
        return new AccelerationMlp(d.extents().width(), d.extents().channels() + 2, form);
    }

    private static double alone(Draw d, AccelerationMlp.Form form) {
        AccelerationMlp mlp = module(d, form);
        Map<String, Values> weights = d.weights(mlp);
        Values v = d.values(d.tokens(mlp.width()));
        Values other = d.values(d.tokens(mlp.width()));
        Variable all = mlp.forward(d.context(mlp, weights), d.constant(v));
        int token = d.index(d.extents().tokens());
        Values moved = Rows.chosen(v, d.permutation(d.extents().tokens()));
        double error = 0;
        for (Values neighbours : List.of(moved, other)) {
            Values mixed = replace(neighbours, v, token);
            Variable again = mlp.forward(d.context(mlp, weights), d.constant(mixed));
            error = Math.max(
                    error,
                    RelativeError.of(
                            Rows.token(Values.of(d.backend(), again.value()), token),
                            Rows.token(Values.of(d.backend(), all.value()), token)));
        }
        return error;
    }

    /// `x` with one token taken from `source`.
    private static Values replace(Values x, Values source, int token) {
        int width = x.shape().dim(2);
        int tokens = x.shape().dim(1);
        double[] y = x.elements();
        for (int i = 0; i < y.length; i++) {
            if (i / width % tokens == token) {
                y[i] = source.at(i);
            }
        }
        return Values.of(x.shape(), y);
    }

    private static double layers(Draw d, AccelerationMlp.Form form, int count) {
        AccelerationMlp mlp = module(d, form);
        Map<String, Values> weights = d.weights(mlp);
        Context ctx = d.context(mlp, weights);
        Variable v = d.variable(d.tokens(mlp.width()));
        Variable x = v;
        for (int i = 0; i < count; i++) {
            Context layer = ctx.in(Integer.toString(2 * i));
            x = Products.linear(i == 0 ? x : Pointwise.silu(x), layer.parameter("weight"), layer.parameter("bias"));
        }
        return RelativeError.of(mlp.forward(d.context(mlp, weights), v), x);
    }
}

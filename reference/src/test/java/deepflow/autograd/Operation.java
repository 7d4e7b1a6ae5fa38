package deepflow.autograd;

import deepflow.oracle.verification.Case;
import deepflow.oracle.verification.Computation;
import deepflow.oracle.verification.Draw;
import deepflow.oracle.verification.Evaluation;
import deepflow.oracle.verification.Values;
import deepflow.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// An operation of `deepflow.autograd` with a way to draw its arguments.
///
/// @param name `Class.method`
/// @param computation applies it to the inputs `x`, `y`, …
/// @param inputs shapes and values by input name
record Operation(String name, Computation computation, Function<Draw, Map<String, Values>> inputs) {
    @Override
    public String toString() {
        return name;
    }

    Case draw(Draw draw) {
        Map<String, Values> values = new LinkedHashMap<>();
        inputs.apply(draw).forEach((n, v) -> values.put("in." + n, v));
        return new Case(Map.of(), values);
    }

    /// All of them.
    static List<Operation> all() {
        return List.of(
                binary("Pointwise.add", Pointwise::add, false),
                binary("Pointwise.subtract", Pointwise::subtract, false),
                binary("Pointwise.multiply", Pointwise::multiply, false),
                binary("Pointwise.divide", Pointwise::divide, true),
                unary("Pointwise.add", x -> Pointwise.add(x, 1.5), Operation::any),
                unary("Pointwise.scale", x -> Pointwise.scale(x, -2.5), Operation::any),
                unary("Pointwise.sqrt", Pointwise::sqrt, Operation::positive),
                unary("Pointwise.silu", Pointwise::silu, Operation::any),
                unary("Pointwise.gelu", Pointwise::gelu, Operation::any),
                unary("Pointwise.clamp", x -> Pointwise.clamp(x, -1, 0.5), Operation::awayFromEnds),
                unary("Rows.layerNorm", x -> Rows.layerNorm(x, 1e-5), d -> d.values(d.tokens(6 + d.index(3)))),
                unary("Sums.meanOfMeans", Sums::meanOfMeans, Operation::any),
                unary("Sums.sumTo", x -> Sums.sumTo(x, x.shape().with(1, 1)), Operation::any),
                unary("Sums.sumTo", x -> Sums.sumTo(x, x.shape().with(0, 1).with(2, 1)), Operation::any),
                unary("Sums.sumTo", x -> Sums.sumTo(x, x.shape()), Operation::any),
                unary(
                        "Layout.reshape",
                        x -> Layout.reshape(x, Math.toIntExact(x.shape().size())),
                        Operation::any),
                unary("Layout.permute", x -> Layout.permute(x, 2, 0, 3, 1), Operation::any),
                new Operation("Layout.concat", Operation::concat, d -> parts(d, 1)),
                new Operation("Layout.split", Operation::split, d -> Map.of("x", d.values(d.tokens(6)))),
                new Operation("Layout.gather", Operation::gather, d -> Map.of("x", d.values(Shape.of(4, 3)))),
                new Operation(
                        "Products.linear",
                        e -> Map.of("y", Products.linear(e.variable("x"), e.variable("w"), e.variable("bias"))),
                        d -> Map.of(
                                "x", d.values(d.tokens(d.extents().width())),
                                "w",
                                        d.values(Shape.of(
                                                d.extents().keys(), d.extents().width())),
                                "bias", d.values(Shape.of(d.extents().keys())))),
                new Operation(
                        "Products.linear",
                        e -> Map.of("y", Products.linear(e.variable("x"), e.variable("w"), null)),
                        d -> Map.of("x", d.values(Shape.of(3)), "w", d.values(Shape.of(2, 3)))),
                new Operation(
                        "Products.attention",
                        e -> Map.of("y", Products.attention(e.variable("q"), e.variable("k"), e.variable("v"), 0.7)),
                        d -> Map.of(
                                "q", d.values(d.tokens(d.extents().headWidth())),
                                "k", d.values(keys(d)),
                                "v", d.values(keys(d)))),
                unary("Products.attention", x -> Products.attention(x, x, x, 0.7), d -> d.values(d.tokens(3))),
                new Operation(
                        "Products.attention",
                        e -> Map.of("y", Products.attention(e.variable("q"), e.variable("k"), e.variable("v"), 2, 0.7)),
                        d -> Map.of(
                                "q", d.values(d.tokens(6)),
                                "k", d.values(d.tokens(6).with(1, 3)),
                                "v", d.values(d.tokens(6).with(1, 3)))),
                unary("Products.selfAttention", x -> Products.selfAttention(x, 2, 0.7), d -> d.values(d.tokens(12))),
                new Operation(
                        "Tokens.modulate",
                        e -> Map.of("y", Tokens.modulate(e.variable("z"), e.variable("shift"), e.variable("scale"))),
                        d -> Map.of(
                                "z", d.values(d.tokens(3)),
                                "shift", d.values(perSample(d.tokens(3))),
                                "scale", d.values(perSample(d.tokens(3))))),
                new Operation(
                        "Tokens.addGated",
                        e -> Map.of("y", Tokens.addGated(e.variable("x"), e.variable("h"), e.variable("gate"))),
                        d -> Map.of(
                                "x", d.values(d.tokens(3)),
                                "h", d.values(d.tokens(3)),
                                "gate", d.values(perSample(d.tokens(3))))));
    }

    /// (N, T, D) → (N, D).
    private static Shape perSample(Shape tokens) {
        return Shape.of(tokens.dim(0), tokens.dim(2));
    }

    private interface Binary {
        Variable apply(Variable x, Variable y);
    }

    /// With `y` broadcast over any set of axes.
    private static Operation binary(String name, Binary f, boolean divisor) {
        return new Operation(name, e -> Map.of("z", f.apply(e.variable("x"), e.variable("y"))), d -> {
            Shape x = d.image();
            Shape y = x;
            for (int axis = 0; axis < x.rank(); axis++) {
                y = d.index(2) == 0 ? y.with(axis, 1) : y;
            }
            return Map.of("x", d.values(x), "y", divisor ? nonZero(d, y) : d.values(y));
        });
    }

    private static Operation unary(String name, Function<Variable, Variable> f, Function<Draw, Values> x) {
        return new Operation(name, e -> Map.of("y", f.apply(e.variable("x"))), d -> Map.of("x", x.apply(d)));
    }

    private static Values any(Draw d) {
        return d.values(d.image());
    }

    private static Values mapped(Values v, Function<Double, Double> f) {
        double[] x = v.elements();
        for (int i = 0; i < x.length; i++) {
            x[i] = f.apply(x[i]);
        }
        return Values.of(v.shape(), x);
    }

    private static Values positive(Draw d) {
        return mapped(any(d), x -> 1 + Math.abs(x));
    }

    private static Values nonZero(Draw d, Shape shape) {
        return mapped(d.values(shape), x -> Math.copySign(1 + Math.abs(x), x));
    }

    /// Differences across the ends of the interval mean nothing.
    private static Values awayFromEnds(Draw d) {
        return mapped(any(d), x -> Math.abs(x + 1) < 0.02 || Math.abs(x - 0.5) < 0.02 ? 0 : x);
    }

    private static Shape keys(Draw d) {
        return Shape.of(d.extents().samples(), d.extents().keys(), d.extents().headWidth());
    }

    private static Map<String, Values> parts(Draw d, int axis) {
        return Map.of(
                "x", d.values(d.image().with(axis, 2)),
                "y", d.values(d.image().with(axis, 1)),
                "z", d.values(d.image().with(axis, 3)));
    }

    private static Map<String, Variable> concat(Evaluation e) {
        return Map.of("y", Layout.concat(1, e.variable("x"), e.variable("y"), e.variable("z")));
    }

    /// Unequal pieces, of which one is not used and one is used twice.
    private static Map<String, Variable> split(Evaluation e) {
        List<Variable> p = Layout.split(e.variable("x"), -1, new int[] {1, 2, 3});
        Variable twice = Layout.concat(2, p.get(2), p.get(0), p.get(2));
        return Map.of("y", Pointwise.multiply(twice, twice));
    }

    /// With a row that is asked for twice and one that is not.
    private static Map<String, Variable> gather(Evaluation e) {
        return Map.of(
                "y",
                Layout.gather(
                        e.variable("x"), e.tape().backend().uploadIndices(new int[] {2, 0, 2, 3, 2}, Shape.of(5))));
    }
}

package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.equation.SecondOrderLoss;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Eq. 7.
record SecondOrderChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of(7);
    }

    @Override
    public Class<?> subject() {
        return SecondOrderLoss.class;
    }

    @Override
    public String file() {
        return "eq07-second-order-loss.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        Variable xt = e.variable("xt");
        Variable v = e.variable("v");
        Variable a = e.variable("a");
        Tensor t = e.tensor("t");
        return switch (e.option("result")) {
            case "estimate" -> Map.of("x0hat", SecondOrderLoss.estimate(xt, v, a, t));
            case "loss" -> Map.of("loss", SecondOrderLoss.of(xt, v, a, t, e.variable("x0")));
            default -> throw new IllegalArgumentException("Eq. 7 has no result " + e.option("result"));
        };
    }

    @Override
    public Case draw(Draw draw) {
        Map<String, Values> values = new LinkedHashMap<>();
        for (String name : List.of("in.xt", "in.v", "in.a", "in.x0")) {
            values.put(name, draw.values(draw.image()));
        }
        values.put("in.t", draw.times());
        return new Case(Map.of("result", "loss"), values);
    }

    @Override
    public Set<String> cut(Case arguments) {
        return Set.of("in.v");
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.rounding("exact for constant acceleration", SecondOrderChecks::constantAcceleration),
                Law.exact("a = 0 gives an Euler step", SecondOrderChecks::euler),
                Law.exact("at t = 0 the estimate is x_t", SecondOrderChecks::atZero),
                Law.exact("no gradient to v", SecondOrderChecks::noGradientToVelocity),
                Law.rounding("the gradient to a is (x0hat - x0)d^2/n", SecondOrderChecks::gradient));
    }

    /// x(t) = x₀ + v₀t + ½at² has v(t) = v₀ + at: back from (x(t), v(t), a), the motion is at x₀ at time 0.
    private static double constantAcceleration(Draw d) {
        Values x0 = d.values(d.image());
        Values v0 = d.values(d.image());
        Values a = d.values(d.image());
        Values t = d.times();
        int each = x0.size() / t.size();
        double[] xt = new double[x0.size()];
        double[] vt = new double[x0.size()];
        for (int i = 0; i < xt.length; i++) {
            double time = t.at(i / each);
            xt[i] = x0.at(i) + v0.at(i) * time + 0.5 * a.at(i) * time * time;
            vt[i] = v0.at(i) + a.at(i) * time;
        }
        Variable x = d.constant(Values.of(x0.shape(), xt));
        Variable v = d.constant(Values.of(x0.shape(), vt));
        Tensor time = t.on(d.backend());
        Variable estimate = SecondOrderLoss.estimate(x, v, d.constant(a), time);
        // beside 4: the motion is of that size, and x₀ may happen to be small
        Variable four = d.tape().constant(x.shape(), 4);
        double position = RelativeError.of(Pointwise.add(estimate, four), Pointwise.add(d.constant(x0), four));
        Variable loss = SecondOrderLoss.of(x, v, d.constant(a), time, d.constant(x0));
        return Math.max(position, Values.of(d.backend(), loss.value()).at(0));
    }

    private static double euler(Draw d) {
        Values x = d.values(d.image());
        Values v = d.values(d.image());
        Values t = d.times();
        Backend b = d.backend();
        Variable zero = d.tape().constant(x.shape(), 0);
        int[] column = {t.size(), 1, 1, 1};
        Tensor step = b.multiply(v.on(b), t.on(b).reshape(Shape.of(column)));
        return RelativeError.of(
                SecondOrderLoss.estimate(d.constant(x), d.constant(v), zero, t.on(b)),
                d.tape().constant(b.subtract(x.on(b), step)));
    }

    private static double atZero(Draw d) {
        Variable x = d.variable(d.image());
        Tensor zero = d.backend().full(Shape.of(d.extents().samples()), 0);
        return RelativeError.of(SecondOrderLoss.estimate(x, d.variable(d.image()), d.variable(d.image()), zero), x);
    }

    /// Everything but v has a gradient; v has none, or zeros.
    private static double noGradientToVelocity(Draw d) {
        Tape tape = Tape.recording(d.backend());
        Leaves leaves = new Leaves(d, tape);
        tape.backward(leaves.loss());
        Tensor v = leaves.v.gradient();
        if (leaves.x.gradient() == null || leaves.a.gradient() == null || leaves.x0.gradient() == null) {
            return Double.NaN;
        }
        double largest = 0;
        for (double g : v == null ? new double[0] : d.backend().download(v)) {
            largest = Math.max(largest, Math.abs(g));
        }
        return largest;
    }

    private static double gradient(Draw d) {
        Backend b = d.backend();
        Tape tape = Tape.recording(b);
        Leaves leaves = new Leaves(d, tape);
        tape.backward(leaves.loss());
        double[] estimate = b.download(
                SecondOrderLoss.estimate(leaves.x, leaves.v, leaves.a, leaves.t).value());
        double[] x0 = b.download(leaves.x0.value());
        double[] t = b.download(leaves.t);
        double[] expected = new double[x0.length];
        for (int i = 0; i < expected.length; i++) {
            double time = t[i / (expected.length / t.length)];
            expected[i] = (estimate[i] - x0[i]) * time * time / expected.length;
        }
        Tensor found = leaves.a.gradient();
        return found == null ? Double.NaN : RelativeError.of(b.download(found), expected);
    }

    /// Arguments that all want a gradient.
    private static final class Leaves {
        private final Variable x;
        private final Variable v;
        private final Variable a;
        private final Variable x0;
        private final Tensor t;

        Leaves(Draw d, Tape tape) {
            x = tape.leaf(d.values(d.image()).on(d.backend()));
            v = tape.leaf(d.values(d.image()).on(d.backend()));
            a = tape.leaf(d.values(d.image()).on(d.backend()));
            x0 = tape.leaf(d.values(d.image()).on(d.backend()));
            t = d.times().on(d.backend());
        }

        Variable loss() {
            return SecondOrderLoss.of(x, v, a, t, x0);
        }
    }
}

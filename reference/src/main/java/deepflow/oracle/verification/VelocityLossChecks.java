package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.equation.VelocityLoss;
import deepflow.tensor.Shape;
import java.util.List;
import java.util.Map;

/// Eq. 2 and 3: the condition is inside v, so that one formula serves both.
record VelocityLossChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of(2, 3);
    }

    @Override
    public Class<?> subject() {
        return VelocityLoss.class;
    }

    @Override
    public String file() {
        return "eq02-03-velocity-loss.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        return Map.of("loss", VelocityLoss.of(e.variable("v"), e.variable("target")));
    }

    @Override
    public Case draw(Draw draw) {
        return new Case(Map.of(), Map.of("in.v", draw.values(draw.image()), "in.target", draw.values(draw.image())));
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.exact("zero at v = V", VelocityLossChecks::zero),
                Law.rounding("the gradient is 2(v - V)/n", VelocityLossChecks::gradient),
                Law.rounding("quadratic in v - V", VelocityLossChecks::quadratic),
                Law.rounding("the mean of the samples' own losses", VelocityLossChecks::mean));
    }

    private static double zero(Draw d) {
        Variable v = d.variable(d.image());
        return Values.of(d.backend(), VelocityLoss.of(v, v).value()).at(0);
    }

    private static double gradient(Draw d) {
        Values v = d.values(d.image());
        Values target = d.values(d.image());
        Tape tape = Tape.recording(d.backend());
        Variable leaf = tape.leaf(v.on(d.backend()));
        tape.backward(VelocityLoss.of(leaf, tape.constant(target.on(d.backend()))));
        double[] expected = new double[v.size()];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = 2 * (v.at(i) - target.at(i)) / expected.length;
        }
        var found = leaf.gradient();
        return found == null ? Double.NaN : RelativeError.of(d.backend().download(found), expected);
    }

    private static double quadratic(Draw d) {
        Variable target = d.variable(d.image());
        Variable apart = d.variable(d.image());
        double factor = d.number();
        Variable once = VelocityLoss.of(Pointwise.add(target, apart), target);
        Variable far = VelocityLoss.of(Pointwise.add(target, Pointwise.scale(apart, factor)), target);
        // both beside 1: where the factor is small, so is what is left of v - V after rounding
        Variable one = d.tape().constant(Shape.SCALAR, 1);
        return RelativeError.of(Pointwise.add(far, one), Pointwise.add(Pointwise.scale(once, factor * factor), one));
    }

    private static double mean(Draw d) {
        Values v = d.values(d.image());
        Values target = d.values(d.image());
        int each = v.size() / d.extents().samples();
        double sum = 0;
        for (int n = 0; n < d.extents().samples(); n++) {
            double own = 0;
            for (int i = n * each; i < (n + 1) * each; i++) {
                own += (v.at(i) - target.at(i)) * (v.at(i) - target.at(i));
            }
            sum += own / each;
        }
        Variable loss = VelocityLoss.of(d.constant(v), d.constant(target));
        return RelativeError.of(
                d.backend().download(loss.value()),
                new double[] {sum / d.extents().samples()});
    }
}

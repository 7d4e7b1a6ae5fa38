package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.FlowPath;
import deepflow.equation.Interpolant;
import deepflow.equation.VelocityTarget;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Eq. 1.
record InterpolantChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of(1);
    }

    @Override
    public Class<?> subject() {
        return Interpolant.class;
    }

    @Override
    public String file() {
        return "eq01-interpolant.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        FlowPath path = FlowPath.valueOf(e.option("path").toUpperCase(Locale.ROOT));
        VelocityTarget target = VelocityTarget.valueOf(e.option("target").toUpperCase(Locale.ROOT));
        Variable x0 = e.variable("x0");
        Variable x1 = e.variable("x1");
        Tensor t = e.tensor("t");
        return Map.of("xt", Interpolant.at(path, x0, x1, t), "velocity", Interpolant.velocity(path, target, x0, x1, t));
    }

    @Override
    public Case draw(Draw draw) {
        return new Case(
                Map.of("path", draw.index(2) == 0 ? "linear" : "cosine", "target", "derivative"),
                Map.of(
                        "in.x0", draw.values(draw.image()),
                        "in.x1", draw.values(draw.image()),
                        "in.t", draw.times()));
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.exact("linear path: x0 at t = 0, x1 at t = 1", d -> ends(d, FlowPath.LINEAR)),
                Law.rounding("cosine path: x0 at t = 0, x1 at t = 1", d -> ends(d, FlowPath.COSINE)),
                Law.rounding("linear path: x_t is linear in (x0, x1)", d -> linearity(d, FlowPath.LINEAR)),
                Law.rounding("cosine path: x_t is linear in (x0, x1)", d -> linearity(d, FlowPath.COSINE)),
                Law.differences("linear path: dx_t/dt = V", d -> slope(d, FlowPath.LINEAR)),
                Law.differences("cosine path: dx_t/dt = V", d -> slope(d, FlowPath.COSINE)),
                Law.exact("the target x1 - x0 is the linear path's V", InterpolantChecks::targets));
    }

    private static double ends(Draw d, FlowPath path) {
        Variable x0 = d.variable(d.image());
        Variable x1 = d.variable(d.image());
        Backend b = d.backend();
        Variable start = Interpolant.at(path, x0, x1, b.full(d.times().shape(), 0));
        Variable end = Interpolant.at(path, x0, x1, b.full(d.times().shape(), 1));
        return Math.max(RelativeError.of(start, x0), RelativeError.of(end, x1));
    }

    private static double linearity(Draw d, FlowPath path) {
        Variable x0 = d.variable(d.image());
        Variable x1 = d.variable(d.image());
        Variable y0 = d.variable(d.image());
        Variable y1 = d.variable(d.image());
        Tensor t = d.times().on(d.backend());
        double factor = d.number();
        Variable joined = Interpolant.at(
                path,
                Pointwise.add(Pointwise.scale(x0, factor), y0),
                Pointwise.add(Pointwise.scale(x1, factor), y1),
                t);
        Variable apart = Pointwise.add(
                Pointwise.scale(Interpolant.at(path, x0, x1, t), factor), Interpolant.at(path, y0, y1, t));
        return RelativeError.of(joined, apart);
    }

    private static double slope(Draw d, FlowPath path) {
        Variable x0 = d.variable(d.image());
        Variable x1 = d.variable(d.image());
        Backend b = d.backend();
        Tensor t = d.times().on(b);
        double h = Strictness.step(b.dtype());
        Variable near = Pointwise.scale(rise(path, x0, x1, t, h), 8 / (12 * h));
        Variable far = Pointwise.scale(rise(path, x0, x1, t, 2 * h), 1 / (12 * h));
        Variable quotient = Pointwise.subtract(near, far);
        // the scale of the comparison is that of the ends: V itself may be small where they happen to agree
        Variable velocity = Interpolant.velocity(path, VelocityTarget.DERIVATIVE, x0, x1, t);
        return RelativeError.of(Pointwise.add(x1, quotient), Pointwise.add(x1, velocity));
    }

    private static Variable rise(FlowPath path, Variable x0, Variable x1, Tensor t, double h) {
        Backend b = x0.backend();
        Tensor step = b.full(t.shape(), h);
        return Pointwise.subtract(
                Interpolant.at(path, x0, x1, b.add(t, step)), Interpolant.at(path, x0, x1, b.subtract(t, step)));
    }

    private static double targets(Draw d) {
        Variable x0 = d.variable(d.image());
        Variable x1 = d.variable(d.image());
        Tensor t = d.times().on(d.backend());
        Variable derivative = Interpolant.velocity(FlowPath.LINEAR, VelocityTarget.DERIVATIVE, x0, x1, t);
        double linear = RelativeError.of(
                Interpolant.velocity(FlowPath.LINEAR, VelocityTarget.DIFFERENCE, x0, x1, t), derivative);
        double cosine = RelativeError.of(
                Interpolant.velocity(FlowPath.COSINE, VelocityTarget.DIFFERENCE, x0, x1, t), derivative);
        return Math.max(linear, cosine);
    }
}

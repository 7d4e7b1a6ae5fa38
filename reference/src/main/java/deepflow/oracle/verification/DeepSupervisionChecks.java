package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.DeepSupervisionLoss;
import deepflow.equation.VelocityLoss;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Eq. 4 and 5: which features the velocities were made from is the model's business, the sum is the same.
record DeepSupervisionChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of(4, 5);
    }

    @Override
    public Class<?> subject() {
        return DeepSupervisionLoss.class;
    }

    @Override
    public String file() {
        return "eq04-05-deep-supervision.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        return Map.of("loss", loss(e));
    }

    /// Eq. 5 of the branches `v.i`, `target.i` and the option `betas`.
    static Variable loss(Evaluation e) {
        List<Double> betas = e.numbers("betas");
        List<Variable> v = new ArrayList<>();
        List<Variable> targets = new ArrayList<>();
        for (int i = 0; i < betas.size(); i++) {
            v.add(e.variable("v." + i));
            targets.add(e.variable("target." + i));
        }
        return DeepSupervisionLoss.of(v, targets, betas);
    }

    @Override
    public Case draw(Draw draw) {
        return new Case(Map.of("betas", betas(draw)), branches(draw));
    }

    /// k numbers with commas between them.
    static String betas(Draw draw) {
        return numbers(draw).stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    /// `in.v.i` and `in.target.i` of k branches.
    static Map<String, Values> branches(Draw draw) {
        Map<String, Values> values = new LinkedHashMap<>();
        for (int i = 0; i < draw.extents().branches(); i++) {
            values.put("in.v." + i, draw.values(draw.image()));
            values.put("in.target." + i, draw.values(draw.image()));
        }
        return values;
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.exact("k = 1 and beta = 1 give Eq. 3", DeepSupervisionChecks::single),
                Law.rounding("linear in each beta", DeepSupervisionChecks::linear),
                Law.exact("zero where every v is V", DeepSupervisionChecks::zero),
                Law.rounding("indifferent to the order of branches", DeepSupervisionChecks::order));
    }

    private static double single(Draw d) {
        Variable v = d.variable(d.image());
        Variable target = d.variable(d.image());
        return RelativeError.of(
                DeepSupervisionLoss.of(List.of(v), List.of(target), List.of(1.0)), VelocityLoss.of(v, target));
    }

    private static double linear(Draw d) {
        List<Variable> v = variables(d);
        List<Variable> targets = variables(d);
        List<Double> betas = numbers(d);
        int which = d.index(v.size());
        double more = 2 + d.number();
        List<Double> changed = new ArrayList<>(betas);
        changed.set(which, betas.get(which) + more);
        Variable expected = Pointwise.add(
                DeepSupervisionLoss.of(v, targets, betas),
                Pointwise.scale(VelocityLoss.of(v.get(which), targets.get(which)), more));
        return RelativeError.of(DeepSupervisionLoss.of(v, targets, changed), expected);
    }

    private static double zero(Draw d) {
        List<Variable> v = variables(d);
        return Math.abs(
                Values.of(d.backend(), DeepSupervisionLoss.of(v, v, numbers(d)).value())
                        .at(0));
    }

    private static double order(Draw d) {
        List<Variable> v = variables(d);
        List<Variable> targets = variables(d);
        List<Double> betas = numbers(d);
        Variable forward = DeepSupervisionLoss.of(v, targets, betas);
        List.of(v, targets).forEach(Collections::reverse);
        Collections.reverse(betas);
        return RelativeError.of(DeepSupervisionLoss.of(v, targets, betas), forward);
    }

    private static List<Variable> variables(Draw d) {
        List<Variable> all = new ArrayList<>();
        for (int i = 0; i < d.extents().branches(); i++) {
            all.add(d.variable(d.image()));
        }
        return all;
    }

    /// Positive, so that a sum of losses does not cancel.
    private static List<Double> numbers(Draw d) {
        List<Double> all = new ArrayList<>();
        for (int i = 0; i < d.extents().branches(); i++) {
            all.add(2 + d.number());
        }
        return all;
    }
}

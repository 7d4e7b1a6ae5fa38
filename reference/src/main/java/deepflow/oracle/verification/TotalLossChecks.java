package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.DeepSupervisionLoss;
import deepflow.equation.SecondOrderLoss;
import deepflow.equation.TotalLoss;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Context;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Eq. 10, made of Eq. 5 over all branches and of Eq. 7 over the intermediate ones.
record TotalLossChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of(10);
    }

    @Override
    public Class<?> subject() {
        return TotalLoss.class;
    }

    @Override
    public String file() {
        return "eq10-total-loss.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        Variable deep = DeepSupervisionChecks.loss(e);
        Variable acc = e.tape().constant(Shape.SCALAR, 0);
        int branches = e.numbers("betas").size();
        for (int j = 0; j < branches - 1; j++) {
            Variable one = SecondOrderLoss.of(
                    e.variable("xt." + j),
                    e.variable("v." + j),
                    e.variable("a." + j),
                    e.tensor("t." + j),
                    e.variable("x0"));
            acc = Pointwise.add(acc, one);
        }
        double lambda = e.numbers("weight").getFirst();
        return Map.of("deep", deep, "acc", acc, "total", TotalLoss.of(deep, acc, lambda));
    }

    @Override
    public Case draw(Draw draw) {
        Map<String, Values> values = new LinkedHashMap<>(DeepSupervisionChecks.branches(draw));
        values.put("in.x0", draw.values(draw.image()));
        for (int j = 0; j < draw.extents().branches() - 1; j++) {
            values.put("in.xt." + j, draw.values(draw.image()));
            values.put("in.a." + j, draw.values(draw.image()));
            values.put("in.t." + j, draw.times());
        }
        return new Case(
                Map.of("betas", DeepSupervisionChecks.betas(draw), "weight", Double.toString(2 + draw.number())),
                values);
    }

    /// The velocities of intermediate branches: Eq. 7 cuts them off.
    @Override
    public Set<String> cut(Case arguments) {
        return arguments.values().keySet().stream()
                .filter(name -> name.startsWith("in.a."))
                .map(name -> name.replace("in.a.", "in.v."))
                .collect(Collectors.toSet());
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.exact("lambda = 0 gives Eq. 5", TotalLossChecks::withoutAcceleration),
                Law.rounding("linear in lambda", TotalLossChecks::linear),
                Law.exact("lambda = 1 is the plain sum", TotalLossChecks::sum),
                Law.exact("DeepFlow with k = 1 is SiT", TotalLossChecks::oneBranch));
    }

    private static double withoutAcceleration(Draw d) {
        Variable deep = DeepSupervisionLoss.of(
                List.of(d.variable(d.image())), List.of(d.variable(d.image())), List.of(2 + d.number()));
        return RelativeError.of(TotalLoss.of(deep, d.variable(Shape.SCALAR), 0), deep);
    }

    private static double linear(Draw d) {
        double deep = 2 + d.number();
        double acc = 2 + d.number();
        double lambda = 2 + d.number();
        Variable total = TotalLoss.of(
                d.constant(Values.of(Shape.SCALAR, deep)), d.constant(Values.of(Shape.SCALAR, acc)), lambda);
        return RelativeError.of(d.backend().download(total.value()), new double[] {deep + lambda * acc});
    }

    private static double sum(Draw d) {
        Variable deep = d.variable(Shape.SCALAR);
        Variable acc = d.variable(Shape.SCALAR);
        return RelativeError.of(TotalLoss.of(deep, acc, 1), Pointwise.add(deep, acc));
    }

    /// The same weights under both names: `final_layer.1` of DeepFlow is `final_layer` of SiT.
    private static double oneBranch(Draw d) {
        Extents x = d.extents();
        int patch = 1 + d.index(2);
        ModelConfig config = ModelConfig.deepflow(
                patch * x.side(), patch, x.channels(), 3, 4 * x.heads(), x.branches(), x.heads(), 1, x.headWidth());
        DeepFlow deepflow = new DeepFlow(config);
        DeepFlow sit = new DeepFlow(config.withOptions(ModelConfig.Kind.SIT, false));
        Map<String, Values> weights = d.weights(deepflow);
        Map<String, Values> renamed = new LinkedHashMap<>();
        weights.forEach((name, w) -> renamed.put(name.replace("final_layer.1.", "final_layer."), w));
        Variable image = d.variable(Shape.of(x.samples(), x.channels(), config.size(), config.size()));
        Tensor t = d.times().on(d.backend());
        int[] labels = new int[x.samples()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = d.index(4);
        }
        Tensor y = d.backend().uploadIndices(labels, Shape.of(labels.length));
        return RelativeError.of(
                velocity(deepflow, d.context(deepflow, weights), image, t, y),
                velocity(sit, d.context(sit, renamed), image, t, y));
    }

    private static Variable velocity(DeepFlow model, Context ctx, Variable x, Tensor t, Tensor y) {
        return model.forward(ctx, x, List.of(t), y).velocities().getLast();
    }
}

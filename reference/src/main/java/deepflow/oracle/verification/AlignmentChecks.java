package deepflow.oracle.verification;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.AlignmentLoss;
import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The alignment loss, which has no number in the paper.
record AlignmentChecks() implements EquationChecks {
    @Override
    public List<Integer> numbers() {
        return List.of();
    }

    @Override
    public Class<?> subject() {
        return AlignmentLoss.class;
    }

    @Override
    public String file() {
        return "ssl-alignment-loss.safetensors";
    }

    @Override
    public Map<String, Variable> evaluate(Evaluation e) {
        List<Variable> projected = new ArrayList<>();
        for (int j = 0; j < Integer.parseInt(e.option("blocks")); j++) {
            projected.add(e.variable("projected." + j));
        }
        return Map.of("loss", AlignmentLoss.of(projected, e.variable("z")));
    }

    /// Of width 6 at least: short vectors, almost zero by chance, are too steep for differences.
    @Override
    public Case draw(Draw draw) {
        int width = Math.max(6, draw.extents().width());
        Map<String, Values> values = new LinkedHashMap<>();
        values.put("in.z", draw.values(draw.tokens(width)));
        for (int j = 0; j < draw.extents().branches(); j++) {
            values.put("in.projected." + j, draw.values(draw.tokens(width)));
        }
        return new Case(Map.of("blocks", Integer.toString(draw.extents().branches())), values);
    }

    @Override
    public List<Law> laws() {
        return List.of(
                Law.rounding("-1 where the vectors are parallel", AlignmentChecks::parallel),
                Law.rounding("indifferent to the vectors' lengths", AlignmentChecks::lengths),
                Law.exact("a vector of zeros counts 0", AlignmentChecks::zeros),
                Law.rounding("the mean over blocks", AlignmentChecks::mean));
    }

    private static double parallel(Draw d) {
        Variable z = d.variable(d.tokens(d.extents().width()));
        Variable longer = Pointwise.scale(z, 2 + d.number());
        return RelativeError.of(
                d.backend().download(AlignmentLoss.of(List.of(longer, z), z).value()), new double[] {-1});
    }

    private static double lengths(Draw d) {
        Variable z = d.variable(d.tokens(d.extents().width()));
        Variable p = d.variable(d.tokens(d.extents().width()));
        Variable two = d.tape().constant(Shape.SCALAR, 2);
        Variable scaled = AlignmentLoss.of(List.of(Pointwise.scale(p, 2 + d.number())), Pointwise.scale(z, 0.25));
        // beside 2: a mean of cosines may be near 0
        return RelativeError.of(Pointwise.add(scaled, two), Pointwise.add(AlignmentLoss.of(List.of(p), z), two));
    }

    private static double zeros(Draw d) {
        Variable z = d.variable(d.tokens(d.extents().width()));
        Variable nothing = d.tape().constant(z.shape(), 0);
        double projected = Values.of(
                        d.backend(), AlignmentLoss.of(List.of(nothing), z).value())
                .at(0);
        double encoded = Values.of(
                        d.backend(), AlignmentLoss.of(List.of(z), nothing).value())
                .at(0);
        return Math.max(Math.abs(projected), Math.abs(encoded));
    }

    private static double mean(Draw d) {
        Variable z = d.variable(d.tokens(d.extents().width()));
        List<Variable> blocks = new ArrayList<>();
        double sum = 0;
        for (int j = 0; j < d.extents().branches(); j++) {
            blocks.add(d.variable(z.shape()));
            sum += Values.of(
                            d.backend(),
                            AlignmentLoss.of(List.of(blocks.getLast()), z).value())
                    .at(0);
        }
        double all = Values.of(d.backend(), AlignmentLoss.of(blocks, z).value()).at(0);
        return Math.abs(all - sum / blocks.size());
    }
}

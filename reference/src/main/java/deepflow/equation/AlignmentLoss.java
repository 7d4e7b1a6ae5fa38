package deepflow.equation;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Sums;
import deepflow.autograd.Variable;
import java.util.List;

/// The alignment of refined tokens with a pretrained encoder's (REPA, Yu et al. 2025; SPEC §3, not numbered in the
/// paper): the mean over samples, tokens and blocks of −cos(z, ẑ), each vector divided by max(‖·‖, 1e-12).
public final class AlignmentLoss {
    private static final double SMALLEST_NORM = 1e-12;

    private AlignmentLoss() {}

    /// @param projected ẑ of each VeRA block (N, T, Z), at least one
    /// @param z the encoder's features (N, T, Z)
    /// @return a scalar
    public static Variable of(List<Variable> projected, Variable z) {
        Variable target = normalize(z);
        Variable sum = negativeCosine(projected.getFirst(), target);
        for (Variable p : projected.subList(1, projected.size())) {
            sum = Pointwise.add(sum, negativeCosine(p, target));
        }
        return Pointwise.scale(sum, 1.0 / projected.size());
    }

    private static Variable negativeCosine(Variable p, Variable target) {
        Variable product = Pointwise.multiply(normalize(p), target);
        Variable cosines = Sums.sumTo(product, product.shape().with(-1, 1));
        return Pointwise.scale(Sums.meanOfMeans(cosines), -1);
    }

    private static Variable normalize(Variable x) {
        Variable squares = Sums.sumTo(Pointwise.multiply(x, x), x.shape().with(-1, 1));
        Variable norm = Pointwise.clamp(Pointwise.sqrt(squares), SMALLEST_NORM, Double.POSITIVE_INFINITY);
        return Pointwise.divide(x, norm);
    }
}

package deepflow.oracle.verification;

import deepflow.autograd.Variable;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What is checked of one class of `deepflow.equation`.
public sealed interface EquationChecks extends Computation
        permits InterpolantChecks,
                VelocityLossChecks,
                DeepSupervisionChecks,
                AccelerationMlpChecks,
                SecondOrderChecks,
                TimeGapChecks,
                CrossSpaceChecks,
                TotalLossChecks,
                AlignmentChecks {
    /// All there are, in the paper's order.
    List<EquationChecks> ALL = List.of(
            new InterpolantChecks(),
            new VelocityLossChecks(),
            new DeepSupervisionChecks(),
            new AccelerationMlpChecks(),
            new SecondOrderChecks(),
            new TimeGapChecks(),
            new CrossSpaceChecks(),
            new TotalLossChecks(),
            new AlignmentChecks());

    /// The numbers in the paper; empty for what has none.
    List<Integer> numbers();

    /// The class that computes it.
    Class<?> subject();

    /// Name of the file of vectors.
    String file();

    /// Computes the equation from the inputs, options and parameters that [#draw] and the file of vectors have.
    @Override
    Map<String, Variable> evaluate(Evaluation e);

    /// Random arguments for the gradient check.
    Case draw(Draw draw);

    /// Arguments that are cut off from the gradient on purpose.
    default Set<String> cut(Case arguments) {
        return Set.of();
    }

    /// What the formula obeys; at least one.
    List<Law> laws();
}

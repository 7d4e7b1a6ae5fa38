package deepflow.oracle;

import java.util.List;

/// A dump whose values are right and whose gradients are not.
///
/// @param terms by how much the gradient of each term of the loss seems to be multiplied; empty where no such factors
///     explain the gradients
/// @param parameters those whose gradients are wrong, in graph order
/// @param all how many gradients of parameters the dump has
public record WrongGradients(List<Term> terms, List<String> parameters, int all) {
    /// Factors this close to another are the same.
    private static final double LEAST = 1e-4;

    /// A term of the loss.
    ///
    /// @param name as in `loss.acc`; the velocity losses of the branches are `loss.deep of branch 1` and so on
    /// @param factor what its gradient is multiplied by; 1 is right
    /// @param standardError of the factor
    public record Term(String name, double factor, double standardError) {
        /// Whether the gradient is this term's, as it should be.
        public boolean right() {
            return Math.abs(factor - 1) <= Math.max(4 * standardError, LEAST);
        }
    }

    /// Whether every gradient is multiplied by one and the same factor.
    public boolean scaled() {
        if (terms.isEmpty()) {
            return false;
        }
        double first = terms.getFirst().factor();
        return terms.stream()
                .allMatch(t -> Math.abs(t.factor() - first)
                        <= Math.max(
                                4 * (t.standardError() + terms.getFirst().standardError()), LEAST * Math.abs(first)));
    }
}

package deepflow.oracle.verification;

import java.util.List;

/// What was found of one class of `deepflow.equation`.
///
/// @param numbers the equations it computes; empty for what has no number
/// @param evidence vectors, gradient, laws; for the first of the numbers, and true of all
public record EquationReport(List<Integer> numbers, List<Evidence> evidence) {
    /// Every result for every number.
    public List<Evidence> byNumber() {
        return numbers.size() <= 1
                ? evidence
                : numbers.stream()
                        .flatMap(n ->
                                evidence.stream().map(r -> new Evidence(n, r.kind(), r.name(), r.error(), r.bound())))
                        .toList();
    }

    /// Whether every check passed.
    public boolean passed() {
        return evidence.stream().allMatch(Evidence::passed);
    }
}

package deepflow.oracle.verification;

import java.util.List;

/// What was found of one class of `deepflow.equation`.
///
/// @param numbers the equations it computes; empty for what has no number
/// @param results vectors, gradient, laws; for the first of the numbers, and true of all
public record EquationReport(List<Integer> numbers, List<CheckResult> results) {
    /// Every result for every number.
    public List<CheckResult> byNumber() {
        return numbers.size() <= 1
                ? results
                : numbers.stream()
                        .flatMap(n -> results.stream()
                                .map(r -> new CheckResult(n, r.kind(), r.name(), r.error(), r.bound())))
                        .toList();
    }

    /// Whether every check passed.
    public boolean passed() {
        return results.stream().allMatch(CheckResult::passed);
    }
}

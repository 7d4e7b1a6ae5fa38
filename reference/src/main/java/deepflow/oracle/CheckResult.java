package deepflow.oracle;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The judgement of one dump.
///
/// @param dump the file, as given
/// @param metadata what it says about itself
/// @param threshold largest relative error that was accepted
/// @param findings every tensor in graph order: values as computed, gradients as completed, optimizer; then tensors the
///     step does not have
/// @param absent families the dump does not have, which were not judged
/// @param suspects the first wrong operation: one of these tensors' modules; empty if none is wrong, or none was
///     judged against budgets
/// @param runs R, how many emulated runs of the step, and as many of its operations alone, the budgets come from; 0
///     without budgets
/// @param unbudgeted why there are no budgets; empty where there are
/// @param foreign what tensors are called in the file, where that is another name than ours; several where a map joined
///     them
/// @param diagnosis what its errors look like
public record CheckResult(
        String dump,
        StepMetadata metadata,
        double threshold,
        List<Finding> findings,
        List<String> absent,
        List<String> suspects,
        int runs,
        String unbudgeted,
        Map<String, List<String>> foreign,
        Diagnosis diagnosis) {
    /// By the threshold alone.
    CheckResult(String dump, StepMetadata metadata, double threshold, List<Finding> findings, List<String> absent) {
        this(dump, metadata, threshold, findings, absent, List.of(), 0, "", Map.of(), Diagnosis.NONE);
    }

    /// The same of a file with other names.
    CheckResult called(Map<String, List<String>> names) {
        return new CheckResult(
                dump, metadata, threshold, findings, absent, suspects, runs, unbudgeted, names, diagnosis);
    }

    /// The same, diagnosed.
    CheckResult with(Diagnosis found) {
        return new CheckResult(dump, metadata, threshold, findings, absent, suspects, runs, unbudgeted, foreign, found);
    }

    /// The same judgement with the reason why nothing was judged against budgets.
    CheckResult withoutBudgets(String why) {
        return new CheckResult(dump, metadata, threshold, findings, absent, suspects, 0, why, foreign, diagnosis);
    }

    /// The same dump judged against budgets as well.
    CheckResult withBudgets(List<Finding> judged, List<String> first, int emulated) {
        return new CheckResult(dump, metadata, threshold, judged, absent, first, emulated, "", foreign, diagnosis);
    }

    /// How often the step was run in emulation.
    public int emulatedPasses() {
        return 2 * runs;
    }

    /// Whether no finding counts against the dump.
    public boolean consistent() {
        return first().isEmpty();
    }

    /// The first finding in graph order that counts against the dump.
    public Optional<Finding> first() {
        return findings.stream().filter(Finding::counts).findFirst();
    }
}

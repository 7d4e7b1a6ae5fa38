package deepflow.oracle.survey;

import deepflow.oracle.Likeness;
import deepflow.oracle.Precision;
import deepflow.oracle.zoo.Bug;
import java.util.List;

/// One bug in one precision, judged.
///
/// @param bug which
/// @param precision of the step
/// @param caught whether the step was found inconsistent
/// @param suspects the first wrong operation, as the judge has it; empty if not caught
/// @param looksLike what the judge says it looks like
/// @param strength the bug's effect over the power stated for the tensor, where it is largest among those the bug
///     strikes: below 1, nothing was promised
public record Trial(
        Bug bug,
        Precision precision,
        boolean caught,
        List<String> suspects,
        List<Likeness> looksLike,
        double strength) {
    /// What came of it.
    public enum Outcome {
        /// The bug changes nothing in this step: no label is null, nothing overflows.
        NO_EFFECT,
        /// Not caught, and too small for the power that was stated.
        BELOW_POWER,
        /// Not caught, though it should have been.
        MISSED,
        /// Caught at another operation.
        CAUGHT,
        /// Caught where it is made.
        LOCALISED,
        /// Caught where it is made, and called by its name before any other.
        NAMED
    }

    /// Whether one of the suspects is where the bug is made.
    public boolean localised() {
        return caught && suspects.stream().anyMatch(bug::strikes);
    }

    /// Whether the first name given is the bug's.
    public boolean named() {
        return !looksLike.isEmpty() && looksLike.getFirst().bug().equals(bug);
    }

    /// The names that were given and are not the bug's.
    public List<String> wrongNames() {
        return looksLike.stream()
                .map(l -> l.bug().name())
                .filter(name -> !name.equals(bug.name()))
                .toList();
    }

    /// What came of it, the best that can be said.
    public Outcome outcome() {
        if (!caught) {
            return strength == 0 ? Outcome.NO_EFFECT : strength < 1 ? Outcome.BELOW_POWER : Outcome.MISSED;
        }
        return localised() ? named() ? Outcome.NAMED : Outcome.LOCALISED : Outcome.CAUGHT;
    }
}

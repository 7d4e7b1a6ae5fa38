package deepflow.oracle;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The judgement of one tensor of a dump.
///
/// @param name name in the dump
/// @param status what is to be said of it
/// @param relativeError ‖a − o‖/‖o‖, absolute where the truth is 0; NaN where nothing was compared
/// @param maxError largest |a − o|; NaN where nothing was compared
/// @param where index of the largest error as `[0, 3, 1]`, or what is wrong with shape or presence; may be empty
/// @param counts whether it makes the dump inconsistent
/// @param verdict errors against budgets; null where there are none
public record Finding(
        String name,
        Status status,
        double relativeError,
        double maxError,
        String where,
        boolean counts,
        @Nullable TensorVerdict verdict) {
    /// Without budgets.
    public Finding(String name, Status status, double relativeError, double maxError, String where, boolean counts) {
        this(name, status, relativeError, maxError, where, counts, null);
    }

    /// The same beside its errors against budgets, which make it wrong where the threshold did not, and where they are
    /// decisive right although it did: a gradient may be small by cancellation, and nothing but rounding.
    Finding with(TensorVerdict judged) {
        boolean compared = status == Status.OK || status == Status.WRONG;
        if (!compared || !judged.wrong() && !judged.decisive()) {
            return new Finding(name, status, relativeError, maxError, where, counts, judged);
        }
        Status said = judged.wrong() ? Status.WRONG : Status.OK;
        return new Finding(name, said, relativeError, maxError, where, judged.wrong(), judged);
    }

    /// What can be said of a tensor.
    public enum Status {
        /// Within its budget, or within the threshold where the budget does not decide.
        OK,
        /// Beyond its budget or the threshold, or no floating-point numbers at all.
        WRONG,
        /// Not in the dump.
        MISSING,
        /// In the dump, but the step has no such tensor.
        UNEXPECTED,
        /// Of another shape than it should be.
        SHAPE,
        /// NaN or infinite where the truth is not, or the other way round.
        NOT_FINITE;

        /// As in reports: `not finite`.
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    static Finding uncompared(String name, Status status, String where, boolean counts) {
        return new Finding(name, status, Double.NaN, Double.NaN, where, counts);
    }
}

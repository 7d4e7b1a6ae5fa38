package deepflow.oracle;

/// How a tensor's errors compare with what its precision allows. NaN where a number does not exist: no local error
/// without a replay from the dump's own inputs.
///
/// @param localBound largest |error| over its bound, element by element, of the operation recomputed from the dump's
/// own
///     inputs
/// @param localSigma that operation's ‖error‖ over the emulated σ
/// @param localLimit ‖error‖ over the limit of the prediction interval
/// @param globalSigma ‖error‖ against the truth from the step's inputs, over the emulated σ
/// @param globalLimit the same over the limit of the prediction interval
/// @param budget the limit of the global error, relative to the truth
/// @param power the smallest relative error of this tensor that would have been caught
/// @param condition κ: ‖the last operation with all terms positive‖ over ‖its result‖
/// @param decisive whether it stands in the threshold's place: the tensor is of a type no narrower than its precision,
///     and the budget is narrower than the signal, or the errors are as emulated runs have them
/// @param alongBug whether the operation's error, within every limit, is what a known bug makes of it ([FaintBugs])
public record TensorVerdict(
        double localBound,
        double localSigma,
        double localLimit,
        double globalSigma,
        double globalLimit,
        double budget,
        double power,
        double condition,
        boolean decisive,
        boolean alongBug) {
    /// The same with an error that is a bug's.
    TensorVerdict asBugHasIt() {
        return new TensorVerdict(
                localBound, localSigma, localLimit, globalSigma, globalLimit, budget, power, condition, decisive, true);
    }

    /// Error over budget of the operation alone: more than 1 is wrong.
    public double localRatio() {
        return larger(localBound, localLimit);
    }

    /// Error over budget of everything up to here: more than 1 is wrong.
    public double globalRatio() {
        return globalLimit;
    }

    /// Whether the operation itself is wrong.
    public boolean locallyWrong() {
        return localRatio() > 1 || alongBug;
    }

    /// Whether the tensor is further off than its precision allows.
    public boolean wrong() {
        return locallyWrong() || globalRatio() > 1;
    }

    /// Whether the budget is wider than the signal: nothing is known then, and nothing is fine.
    public boolean undecided() {
        return !wrong() && !(power < 1);
    }

    private static double larger(double a, double b) {
        return Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.max(a, b);
    }
}

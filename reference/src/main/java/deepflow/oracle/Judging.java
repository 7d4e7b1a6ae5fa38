package deepflow.oracle;

import org.jspecify.annotations.Nullable;

/// How a dump is judged.
///
/// @param precision what it is held to; null: what it declares
/// @param risk α, the probability that a right dump is called wrong
/// @param runs R, emulated runs of each kind, at least [#FEWEST_RUNS]; 0 for none: then one threshold per precision
///     decides; null: as many as suit the step ([EmulationPlan])
public record Judging(
        @Nullable Precision precision,
        double risk,
        @Nullable Integer runs) {
    /// Fewer runs say nothing about a spread.
    public static final int FEWEST_RUNS = 4;
    /// The risk where none is given.
    public static final double RISK = 1e-3;
    /// The declared precision and its budgets.
    public static final Judging BY_BUDGETS = new Judging(null, RISK, null);
    /// The declared precision and its threshold, without budgets.
    public static final Judging BY_THRESHOLD = new Judging(null, RISK, 0);

    /// @throws IllegalArgumentException if the risk is not in (0, ½) or there are too few runs
    public Judging {
        if (!(risk > 0 && risk < 0.5)) {
            throw new IllegalArgumentException("the risk must lie between 0 and 0.5, got " + risk);
        }
        if (runs != null && runs != 0 && runs < FEWEST_RUNS) {
            throw new IllegalArgumentException(
                    "at least " + FEWEST_RUNS + " emulated runs are needed (or 0 for none), got " + runs);
        }
    }
}

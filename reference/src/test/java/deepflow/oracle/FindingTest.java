package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whether threshold or budget has the last word.
class FindingTest {
    private static final double NONE = Double.NaN;

    @ParameterizedTest(name = "{0}, over budget {1}, decisive {2}: {3}")
    @CsvSource({
        "OK, 0.5, true, OK, false",
        "OK, 0.5, false, OK, false",
        "OK, 2, true, WRONG, true",
        "OK, 2, false, WRONG, true",
        "WRONG, 0.5, true, OK, false",
        "WRONG, 0.5, false, WRONG, true",
        "WRONG, 2, true, WRONG, true",
        "NOT_FINITE, 0.5, true, NOT_FINITE, true",
        "SHAPE, 0.5, true, SHAPE, true"
    })
    void aDecisiveBudgetStandsInTheThresholdsPlace(
            Finding.Status byThreshold, double overBudget, boolean decisive, Finding.Status said, boolean counts) {
        Finding before = new Finding("grad.x", byThreshold, 0.41, 1, "[0]", byThreshold != Finding.Status.OK);
        Finding after = before.with(
                new TensorVerdict(NONE, NONE, NONE, overBudget, overBudget, 0.6, 0.6, NONE, decisive, false));
        assertEquals(said, after.status());
        assertEquals(counts, after.counts());
    }
}

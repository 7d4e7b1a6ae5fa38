package deepflow.report;

import deepflow.oracle.Verdict;

/// stub
public final class CheckPage {
    private CheckPage() {}

    /// stub
    public static String html(Verdict verdict) {
        return verdict.toString();
    }
}

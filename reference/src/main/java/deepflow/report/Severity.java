package deepflow.report;

import deepflow.oracle.Finding;
import deepflow.oracle.TensorVerdict;
import java.util.Locale;

/// How a finding appears on a page: its error over what it may be, as a number, a few characters and a shade.
///
/// @param ratio error over budget; without budgets over the threshold; NaN where nothing was compared
/// @param wrong whether it counts against the dump
/// @param undecided whether its budget is wider than its signal
record Severity(double ratio, boolean wrong, boolean undecided) {
    /// @param threshold what relative errors are held to where there are no budgets
    static Severity of(Finding f, double threshold) {
        TensorVerdict v = f.verdict();
        double ratio = f.relativeError() / threshold;
        if (v != null) {
            double local = v.localRatio();
            double global = v.globalRatio();
            ratio = Double.isNaN(local) ? global : Double.isNaN(global) ? local : Math.max(local, global);
        }
        return new Severity(ratio, f.counts(), v != null && v.undecided());
    }

    /// At most five characters: `.02`, `1.3`, `4e7`.
    String brief() {
        String number;
        if (!Double.isFinite(ratio)) {
            number = "";
        } else if (ratio == 0) {
            number = "0";
        } else if (ratio < 0.01) {
            number = "<.01";
        } else if (ratio < 0.995) {
            number = String.format(Locale.ROOT, "%.2f", ratio).substring(1);
        } else if (ratio < 9.95) {
            number = String.format(Locale.ROOT, "%.1f", ratio);
        } else if (ratio < 999.5) {
            number = String.format(Locale.ROOT, "%.0f", ratio);
        } else {
            number = String.format(Locale.ROOT, "%.0e", ratio).replaceAll("e\\+?(-?)0*(?=\\d)", "e$1");
        }
        return number + (wrong ? "✗" : undecided ? "?" : "");
    }

    /// The class of a cell: `w` where it is wrong, otherwise `s0` … `s4` by the ratio.
    String shade() {
        if (wrong) {
            return "w";
        }
        if (!Double.isFinite(ratio)) {
            return "none";
        }
        return ratio < 0.01 ? "s0" : ratio < 0.1 ? "s1" : ratio < 0.3 ? "s2" : ratio < 0.6 ? "s3" : "s4";
    }
}

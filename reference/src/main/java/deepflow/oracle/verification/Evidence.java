package deepflow.oracle.verification;

/// What a check found: how far the numbers are from what they should be, and how far they may be.
///
/// @param equation number in the paper; 0 for what has none
/// @param kind what was checked
/// @param name in words
/// @param error as measured; the largest of all runs of the check
/// @param bound largest error that passes
public record Evidence(int equation, Kind kind, String name, double error, double bound) {
    /// What a check compares.
    public enum Kind {
        /// Outputs and gradients with those of another implementation.
        VECTORS,
        /// Reverse mode with central differences.
        GRADIENT,
        /// The two sides of an identity.
        LAW
    }

    /// Whether the error is within the bound; NaN is not.
    public boolean passed() {
        return error <= bound;
    }
}

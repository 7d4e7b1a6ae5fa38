package deepflow.sample;

/// Classifier-free guidance within an interval of time:
///
/// d = d_null + g·(d_cond − d_null), where g > 1 and low ≤ t ≤ high; elsewhere d = d_cond, and the null class is not
/// evaluated.
///
/// d is the drift, not the velocity (for the linear path and for ODEs that is the same).
///
/// @param scale g, at least 0
/// @param low where guidance ends
/// @param high where it begins; time runs from 1 to 0
public record Guidance(double scale, double low, double high) {
    /// No guidance.
    public static final Guidance NONE = new Guidance(1, 0, 1);

    /// @throws IllegalArgumentException if the scale is negative or not finite, or the interval is no interval
    public Guidance {
        if (!(scale >= 0) || Double.isInfinite(scale)) {
            throw new IllegalArgumentException("the guidance scale must be a number from 0 on, got " + scale);
        }
        if (!(low >= 0 && high <= 1)) {
            throw new IllegalArgumentException(
                    "the guidance interval must lie in [0, 1], got [" + low + ", " + high + "]");
        }
        if (!(low <= high)) {
            throw new IllegalArgumentException(
                    "the guidance interval is reversed: it begins at " + low + " and ends at " + high);
        }
    }

    /// Guidance at every time.
    public static Guidance of(double scale) {
        return new Guidance(scale, 0, 1);
    }

    /// Whether the drift is guided at this time.
    public boolean active(double t) {
        return scale > 1 && t >= low && t <= high;
    }
}

package deepflow.sample;

/// Equally spaced times.
final class TimeGrid {
    private TimeGrid() {}

    /// `torch.linspace(from, to, count)` in float64, bit for bit: the first half is counted from `from`, the second
    /// from
    /// `to`, each by one fused multiply-add. Whether a time lies in a guidance interval can hang on its last bit.
    ///
    /// @param count at least 2
    static double[] linspace(double from, double to, int count) {
        double step = (to - from) / (count - 1);
        double[] times = new double[count];
        for (int i = 0; i < count; i++) {
            times[i] = i < count / 2 ? Math.fma(step, i, from) : Math.fma(-step, count - i - 1, to);
        }
        return times;
    }
}

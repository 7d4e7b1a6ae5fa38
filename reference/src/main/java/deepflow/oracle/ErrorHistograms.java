package deepflow.oracle;

/// What receives the errors of every compared tensor, element by element.
@FunctionalInterface
interface ErrorHistograms {
    /// Counts nothing.
    ErrorHistograms NONE = (name, actual, truth, size) -> {};

    /// @param actual what was dumped
    /// @param truth what it should be
    /// @param size what errors are relative to: the truth's norm, in general
    void count(String name, double[] actual, double[] truth, Norm size);
}

package deepflow.tensor;

import java.util.Locale;

/// In which partial sums a back end adds the terms of a matrix product ([Backend#matmul] and [Backend#linear]).
public enum Accumulation {
    /// As is best for it: every back end defines its own.
    OWN,
    /// In one sum of the back end's type, from the first term to the last, as simple kernels do, and MKL for a
    /// product of a single row. Of K terms like each other its error is about √(K/B) times that of sums over blocks
    /// of B.
    SEQUENTIAL;

    /// `own` or `sequential`.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

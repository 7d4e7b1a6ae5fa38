package deepflow.oracle.verification;

/// Something a formula obeys, whatever its arguments. `deepflow verify` measures it on fixed draws, the tests on random
/// ones.
///
/// @param name in words, ASCII, as in `docs/equations.md`
/// @param strictness how well it must hold
/// @param measure how far it is from holding, for one draw
public record Law(String name, Strictness strictness, Measure measure) {
    /// Measures a law.
    @FunctionalInterface
    public interface Measure {
        /// The error: 0 where the law holds.
        double error(Draw draw);
    }

    /// A law that holds bit by bit.
    static Law exact(String name, Measure measure) {
        return new Law(name, Strictness.EXACT, measure);
    }

    /// A law that holds but for rounding.
    static Law rounding(String name, Measure measure) {
        return new Law(name, Strictness.ROUNDING, measure);
    }

    /// A law about a derivative, measured by differences.
    static Law differences(String name, Measure measure) {
        return new Law(name, Strictness.DIFFERENCES, measure);
    }
}

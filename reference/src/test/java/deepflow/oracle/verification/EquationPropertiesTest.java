package deepflow.oracle.verification;

import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/// The laws and the gradient check of every equation, at random sizes and values; a failure is shrunk to the smallest
/// sizes that show it. The laws themselves are those of `deepflow verify`.
class EquationPropertiesTest {
    private static Backend naive;
    private static Backend cpu64;
    private static Backend cpu32;

    @BeforeContainer
    static void open() {
        naive = TestBackends.NAIVE.open();
        cpu64 = TestBackends.CPU_F64.open();
        cpu32 = TestBackends.CPU_F32.open();
    }

    @AfterContainer
    static void close() {
        naive.close();
        cpu64.close();
        cpu32.close();
    }

    /// A law, which a failure names.
    record Subject(String equation, Law law) {
        @Override
        public String toString() {
            return equation + ": " + law.name();
        }
    }

    @Provide
    Arbitrary<Subject> laws() {
        return Arbitraries.of(EquationChecks.ALL.stream()
                .flatMap(c ->
                        c.laws().stream().map(law -> new Subject(c.subject().getSimpleName(), law)))
                .toList());
    }

    @Provide
    Arbitrary<EquationChecks> equations() {
        return Arbitraries.of(EquationChecks.ALL);
    }

    /// Every extent may be 1; image sides and widths are odd as often as not.
    @Provide
    Arbitrary<Extents> extents() {
        return Combinators.combine(
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(1, 4),
                        Arbitraries.integers().between(1, 7),
                        Arbitraries.integers().between(1, 7),
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(1, 5),
                        Arbitraries.integers().between(1, 4))
                .as(Extents::new)
                .withoutEdgeCases();
    }

    @Property(tries = 2000, shrinking = ShrinkingMode.FULL)
    void lawsHoldOnTheNaiveBackend(
            @ForAll("laws") Subject subject, @ForAll("extents") Extents extents, @ForAll long seed) {
        holds(naive, subject, extents, seed);
    }

    @Property(tries = 2000, shrinking = ShrinkingMode.FULL)
    void lawsHoldOnTheCpuInFloat64(
            @ForAll("laws") Subject subject, @ForAll("extents") Extents extents, @ForAll long seed) {
        holds(cpu64, subject, extents, seed);
    }

    @Property(tries = 2000, shrinking = ShrinkingMode.FULL)
    void lawsHoldOnTheCpuInFloat32(
            @ForAll("laws") Subject subject, @ForAll("extents") Extents extents, @ForAll long seed) {
        holds(cpu32, subject, extents, seed);
    }

    @Property(tries = 200, shrinking = ShrinkingMode.FULL)
    void reverseModeAgreesWithDifferences(
            @ForAll("equations") EquationChecks checks, @ForAll("extents") Extents extents, @ForAll long seed) {
        for (Backend backend : new Backend[] {naive, cpu64}) {
            try (Arena _ = backend.arena()) {
                double error = Verification.gradient(new Draw(backend, extents, seed), checks);
                double bound = Strictness.DIFFERENCES.bound(backend.dtype());
                assertTrue(error <= bound, checks + " on " + backend.name() + ": " + error + " > " + bound);
            }
        }
    }

    private static void holds(Backend backend, Subject subject, Extents extents, long seed) {
        try (Arena _ = backend.arena()) {
            double error = subject.law().measure().error(new Draw(backend, extents, seed));
            double bound = subject.law().strictness().bound(backend.dtype());
            assertTrue(error <= bound, subject + " on " + backend.name() + ": " + error + " > " + bound);
        }
    }
}

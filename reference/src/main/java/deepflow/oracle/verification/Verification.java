package deepflow.oracle.verification;

import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// All checks of all equations on one back end, with fixed draws: the same arguments on every run and machine.
public final class Verification {
    private static final int SEEDS = 3;

    private Verification() {}

    /// Runs every check.
    ///
    /// @param vectors folder of the files of vectors
    /// @throws deepflow.io.FormatException if a file of vectors is missing or unusable
    public static List<EquationReport> run(Backend backend, Path vectors) {
        return EquationChecks.ALL.stream()
                .map(checks -> run(backend, vectors, checks))
                .toList();
    }

    /// Runs every check of one equation class.
    public static EquationReport run(Backend backend, Path vectors, EquationChecks checks) {
        int number = checks.numbers().isEmpty() ? 0 : checks.numbers().getFirst();
        List<Evidence> evidence = new ArrayList<>();
        VectorFile file = VectorFile.read(vectors.resolve(checks.file()));
        evidence.add(new Evidence(
                number,
                Evidence.Kind.VECTORS,
                "outputs and gradients, " + file.cases().size() + " cases",
                file.error(backend, checks),
                Strictness.ROUNDING.bound(backend.dtype())));
        evidence.add(new Evidence(
                number,
                Evidence.Kind.GRADIENT,
                "reverse mode against central differences",
                gradients(backend, checks),
                Strictness.DIFFERENCES.bound(backend.dtype())));
        for (Law law : checks.laws()) {
            evidence.add(new Evidence(
                    number,
                    Evidence.Kind.LAW,
                    law.name(),
                    worst(backend, law.measure()),
                    law.strictness().bound(backend.dtype())));
        }
        return new EquationReport(checks.numbers(), evidence);
    }

    private static double gradients(Backend backend, EquationChecks checks) {
        return worst(backend, draw -> gradient(draw, checks));
    }

    /// [GradientCheck] of an equation at drawn arguments, with drawn seeds.
    public static double gradient(Draw draw, EquationChecks checks) {
        Case arguments = checks.draw(draw);
        Map<String, Values> seeds = new TreeMap<>();
        Backward.forward(draw.backend(), checks, arguments)
                .forEach((name, y) -> seeds.put(name, draw.values(y.shape())));
        return GradientCheck.error(draw.backend(), checks, arguments, seeds, checks.cut(arguments));
    }

    private static double worst(Backend backend, Law.Measure measure) {
        double error = 0;
        for (Extents extents : Extents.FIXED) {
            for (int seed = 0; seed < SEEDS; seed++) {
                try (Arena _ = backend.arena()) {
                    error = Math.max(error, measure.error(new Draw(backend, extents, seed)));
                }
            }
        }
        return error;
    }
}

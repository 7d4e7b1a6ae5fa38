package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The oracle agrees with steps of the PyTorch peer, on every tensor of them.
class PeerStepsTest {
    static List<Path> steps() {
        List<Path> steps = TestData.steps();
        assertTrue(steps.size() >= 13, steps::toString);
        return steps;
    }

    private static CheckResult check(Path step, DType compute) {
        try (Backend backend = Backends.open("cpu", compute, 2)) {
            Workers workers = Workers.cpu(2);
            return new Checker(backend, workers, Judging.BY_BUDGETS).check(step);
        }
    }

    @ParameterizedTest
    @MethodSource("steps")
    void everyTensorIsWithinItsPrecision(Path step) {
        CheckResult result = check(step, DType.F64);
        assertEquals(EmulationPlan.MANY, result.runs());
        assertEquals(List.of(), result.suspects());
        assertTrue(result.consistent(), () -> result.first().toString());
        everyTensorWasJudged(step, result);
        boundEveryError(result, result.metadata().precision().threshold());
    }

    @ParameterizedTest
    @MethodSource("steps")
    void float32ReplaysToItsPrecision(Path step) {
        CheckResult result = check(step, DType.F32);
        assertTrue(result.consistent(), () -> result.first().toString());
        everyTensorWasJudged(step, result);
        if (result.metadata().precision() == Precision.F64) {
            boundEveryError(result, 1e-5);
        }
    }

    private static void boundEveryError(CheckResult result, double most) {
        for (Finding f : result.findings()) {
            assertTrue(f.relativeError() <= most, f::toString);
        }
    }

    /// Nothing is skipped, nothing is judged twice.
    private static void everyTensorWasJudged(Path step, CheckResult result) {
        Set<String> results;
        try (Dump dump = Dump.open(step)) {
            results = dump.names().stream()
                    .filter(name -> name.matches("(act|gradact|out|loss|grad|after|optim)\\..*"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
        Set<String> judged = result.findings().stream()
                .filter(f -> f.status() == Finding.Status.OK)
                .map(Finding::name)
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(results, judged);
        assertEquals(results.size(), result.findings().size(), "each tensor has one finding");
    }
}

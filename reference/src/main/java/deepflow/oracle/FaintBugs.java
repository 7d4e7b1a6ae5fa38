package deepflow.oracle;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.zoo.Bug;
import deepflow.oracle.zoo.Mistake;
import deepflow.oracle.zoo.Zoo;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Finds bugs whose effect lies below every limit: in a narrow type an error may be as large as rounding allows, and
/// still lie along what a known bug changes, in thousands of elements at once (docs/verdict.md).
///
/// A bug is found where the coefficient of its direction ([Along]) is known well enough to tell 1 from 0 beyond doubt,
/// and is 1.
///
/// @param replay of the step
/// @param exact has the weights
/// @param workers compute steps with a bug; in float32, which is enough where a type is narrower
/// @param errors of operations from the dump's own inputs
/// @param wrong names of tensors that break a limit: they are not asked, whatever their errors are along
record FaintBugs(Replay replay, Backend exact, Workers workers, EmulatedErrors errors, Set<String> wrong) {
    /// Bugs that change a result by some thousandths or less; all others are far above the budgets of any precision
    /// (docs/zoo.md). Those of one list strike different tensors and are made in one pass.
    private static final List<List<String>> FAINT =
            List.of(List.of("gelu-erf", "norm-epsilon", "frequencies-closed"), List.of("norm-unbiased"));

    /// Standard errors between 0 and 1 that a coefficient must have to be heard.
    private static final double HEARD = 30;
    /// How far from 1 it may be.
    private static final double NEAR = 0.3;
    /// Standard errors between 0 and 1 that tell, once the bug is found, whether it is in values at all.
    private static final double TOLD = 4;

    private static boolean found(Along along) {
        return along.power() >= HEARD && Math.abs(along.coefficient() - 1) <= NEAR;
    }

    /// Whether errors are nearer to the bug than to what is right, as far as so many standard errors tell.
    private static boolean nearerToTheBug(Along along, double least) {
        return along.power() >= least && along.coefficient() > 0.5;
    }

    /// Names of tensors in which such a bug shows; empty where types are wide enough for limits to find it.
    Set<String> tensors(Arithmetic arithmetic) {
        boolean narrow =
                errors.cases().values().stream().anyMatch(c -> c.format().unit() > FloatFormat.F32.unit());
        Set<String> struck = new HashSet<>();
        if (narrow) {
            for (List<String> together : FAINT) {
                List<Bug> bugs = together.stream()
                        .flatMap(name -> Zoo.of(name).stream())
                        .filter(bug ->
                                bug.possible().test(replay.dump().metadata().config(), arithmetic))
                        .toList();
                Map<Bug, Map<String, Along>> along =
                        along(bugs, arithmetic.wide().unit());
                along.values().forEach(tensors -> struck.addAll(struck(tensors)));
            }
        }
        return struck;
    }

    private Map<Bug, Map<String, Along>> along(List<Bug> bugs, double wide) {
        Map<Bug, Map<String, Along>> along = new LinkedHashMap<>();
        bugs.forEach(bug -> along.put(bug, new LinkedHashMap<>()));
        try (Backend quick = workers.opener().open(BackendOptions.of(DType.F32, workers.threads()))) {
            add(quick, bugs, wide, along);
        }
        return along;
    }

    private void add(Backend quick, List<Bug> bugs, double wide, Map<Bug, Map<String, Along>> along) {
        Mistake all = new Mistake.Together(bugs.stream().map(Bug::mistake).toList());
        Substitution between = new Substitution(
                replay.dump(), replay.types(), quick, (values, shape, format) -> quick.adopt(values, shape));
        Replay.Run run = replay.run(
                quick,
                (w, type) -> quick.upload(exact.elements(w), w.shape()),
                between,
                all,
                Truths.Reading.later(quick));
        for (Truth mutant : run.truths()) {
            EmulatedErrors.Case c = errors.cases().get(mutant.name());
            List<Bug> here =
                    bugs.stream().filter(bug -> bug.strikes(mutant.name())).toList();
            if (c != null && !here.isEmpty() && !wrong.contains(mutant.name())) {
                Along one = Along.of(c, mutant.values().get(), wide);
                along.forEach((bug, tensors) -> {
                    if (here.contains(bug) && one.square() > 0) {
                        tensors.put(mutant.name(), one);
                    }
                });
            }
        }
    }

    /// Where the bug is, if it is anywhere: values before gradients. Values tell less than gradients do, so they are
    /// asked together first.
    private static Set<String> struck(Map<String, Along> tensors) {
        Along all = sum(tensors.values());
        if (!found(all) && tensors.values().stream().noneMatch(FaintBugs::found)) {
            return Set.of();
        }
        Map<String, Along> values = new LinkedHashMap<>();
        Map<String, Along> gradients = new LinkedHashMap<>();
        tensors.forEach((name, one) -> (name.startsWith(Family.ACT.prefix()) ? values : gradients).put(name, one));
        Set<String> struck = new HashSet<>();
        for (Map<String, Along> kind : List.of(values, gradients)) {
            boolean together = nearerToTheBug(sum(kind.values()), TOLD);
            kind.forEach((name, one) -> {
                if (found(one) || together && nearerToTheBug(one, 1)) {
                    struck.add(name);
                }
            });
        }
        return struck;
    }

    private static Along sum(Iterable<Along> all) {
        Along sum = Along.NOTHING;
        for (Along one : all) {
            sum = sum.and(one);
        }
        return sum;
    }
}

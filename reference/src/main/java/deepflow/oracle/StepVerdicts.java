package deepflow.oracle;

import deepflow.oracle.budget.BoundingBackend;
import deepflow.oracle.budget.PredictionLimit;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.BackendOptions;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Judges every tensor of a step against budgets (docs/verdict.md): its local error, from the dump's own inputs,
/// against a bound and against emulated runs; its global error, from the step's inputs, against emulated runs.
///
/// @param exact computes in float64
/// @param workers what emulated runs compute with
/// @param plan how many of them
/// @param risk α, the probability that a right dump is called wrong
record StepVerdicts(Backend exact, Workers workers, EmulationPlan plan, double risk) {
    /// σ is at least so many unit roundoffs of the tensor's norm, one rounding to nearest: stochastic rounding of a
    /// number that happens to lie near one of its type has next to no error.
    private static final double LEAST = 0.5;
    /// In σ: of right dumps one tensor in a thousand is further off than 2.3.
    private static final double COMMON = 3;

    /// @param verdicts by name, in graph order
    /// @param suspects the first wrong operation
    /// @param runs emulated runs of each kind
    /// @param local errors of operations from the dump's own inputs; readable as long as the dump is open
    /// @param global errors from the step's inputs; readable as long as the dump is open
    record Result(
            Map<String, TensorVerdict> verdicts,
            List<String> suspects,
            int runs,
            EmulatedErrors local,
            EmulatedErrors global) {
        /// These and the optimizer's, which come after all others.
        Result and(Map<String, TensorVerdict> optimizer) {
            Map<String, TensorVerdict> all = new LinkedHashMap<>(verdicts);
            all.putAll(optimizer);
            List<String> first = suspects.isEmpty()
                    ? optimizer.keySet().stream()
                            .filter(name -> is(all, name, true))
                            .limit(1)
                            .toList()
                    : suspects;
            return new Result(all, first, runs, local, global);
        }

        /// A judgement by threshold with these beside it; a decisive one stands in its place, and of others each
        /// may find a tensor wrong that the other does not.
        CheckResult beside(CheckResult judged) {
            List<Finding> findings = new ArrayList<>();
            for (Finding f : judged.findings()) {
                TensorVerdict verdict = verdicts.get(f.name());
                findings.add(verdict == null ? f : f.with(verdict));
            }
            return judged.withBudgets(findings, suspects, runs);
        }
    }

    /// @param truths of the step replayed in float64
    Result of(Replay replay, List<Truth> truths) {
        Dump dump = replay.dump();
        Arithmetic arithmetic = replay.types().arithmetic();
        double each = risk / Math.max(1, 3 * truths.size());
        LocalErrors local = local(replay, arithmetic, each);
        exact.arena().close(); // lets go what was idle since the last one closed: nobody needs it until runs are over
        EmulatedErrors global = new EmulatedErrors(dump, replay.types(), truths);
        // an optimizer's results have bounds, and nothing else may be in the dump
        int runs = truths.stream().anyMatch(t -> dump.has(t.name())) ? plan.runs() : 0;
        try (Backend host = workers.opener().open(BackendOptions.of(DType.F64, 1))) {
            new EmulatedRuns(hosted(replay, host), arithmetic, workers, plan.threads())
                    .make(runs, local.errors(), global);
        }
        Map<String, TensorVerdict> verdicts = new LinkedHashMap<>();
        global.cases().forEach((name, c) -> verdicts.put(name, verdict(name, c, local, each, arithmetic)));
        Set<String> wrong = wrong(verdicts);
        for (String name : new FaintBugs(replay, exact, workers, local.errors(), wrong).tensors(arithmetic)) {
            verdicts.computeIfPresent(name, (n, v) -> v.asBugHasIt());
        }
        List<String> suspects = local.suspects(dump::has, name -> is(verdicts, name, true));
        if (suspects.isEmpty()) {
            suspects = local.suspects(dump::has, name -> is(verdicts, name, false));
        }
        return new Result(verdicts, suspects, runs, local.errors(), global);
    }

    /// The replay with weights where emulated runs, which the CPU makes, can read them.
    private Replay hosted(Replay replay, Backend host) {
        if (exact.memory().isEmpty()) {
            return replay;
        }
        Map<String, Tensor> weights = new LinkedHashMap<>();
        replay.weights().forEach((name, w) -> weights.put(name, host.adopt(exact.download(w), w.shape())));
        return new Replay(replay.dump(), replay.types(), replay.model(), replay.specs(), weights);
    }

    private static Set<String> wrong(Map<String, TensorVerdict> verdicts) {
        return verdicts.entrySet().stream()
                .filter(e -> e.getValue().wrong())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private LocalErrors local(Replay replay, Arithmetic arithmetic, double each) {
        try (Threads threads = new Threads(workers.threads());
                Backend bounds = workers.opener().open(BackendOptions.of(arithmetic.accumulator(), workers.threads()));
                Arena _ = exact.arena()) {
            return new LocalErrors(replay, new BoundingBackend(exact, bounds, threads, arithmetic, each), threads);
        }
    }

    private static boolean is(Map<String, TensorVerdict> verdicts, String name, boolean locally) {
        TensorVerdict v = verdicts.get(name);
        return v != null && (locally ? v.locallyWrong() : v.wrong());
    }

    private TensorVerdict verdict(
            String name, EmulatedErrors.Case c, LocalErrors local, double each, Arithmetic arithmetic) {
        double size = c.size();
        PredictionLimit budget = limit(c, size, each);
        double error = c.error();
        EmulatedErrors.Case l = local.errors().cases().get(name);
        double localSigma = Double.NaN;
        double localLimit = Double.NaN;
        double power = budget.limit() / size;
        if (l != null) {
            double localSize = l.size();
            PredictionLimit own = limit(l, localSize, each);
            localSigma = over(l.error(), own.sigma());
            localLimit = over(l.error(), own.limit());
            power = Math.min(power, own.limit() / localSize);
        }
        return new TensorVerdict(
                local.ratio(name),
                localSigma,
                localLimit,
                over(error, budget.sigma()),
                over(error, budget.limit()),
                budget.limit() / size,
                power,
                local.condition(name),
                c.format().holds(arithmetic.productInput())
                        && (power < 1 || common(over(error, budget.sigma()), localSigma)),
                false);
    }

    /// Whether errors are of a size that emulated runs often have, where their limit is no help.
    private static boolean common(double globalSigma, double localSigma) {
        return globalSigma <= COMMON && !(localSigma > COMMON);
    }

    private static PredictionLimit limit(EmulatedErrors.Case c, double size, double each) {
        FloatFormat stored = c.format();
        List<Double> squares = new ArrayList<>();
        c.squares().forEach(s -> squares.add(EmulatedErrors.NEAREST_VARIANCE * s));
        // the truth is a float64 number as well, and off by as much as the dump's when that is one
        double least = stored == FloatFormat.F64 ? 1 : LEAST;
        return PredictionLimit.of(squares, Math.toIntExact(c.shape().size()), least * stored.unit() * size, each);
    }

    private static double over(double error, double limit) {
        return error == 0 ? 0 : error / limit;
    }
}

package deepflow.oracle;

import deepflow.oracle.budget.BoundingBackend;
import deepflow.oracle.budget.PredictionLimit;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.emulation.Rounding;
import deepflow.oracle.emulation.RoundingBackend;
import deepflow.oracle.emulation.SummationOrder;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Judges every tensor of a step against budgets (docs/verdict.md): its local error, from the dump's own inputs,
/// against a bound and against emulated runs; its global error, from the step's inputs, against emulated runs.
///
/// @param exact computes in float64
/// @param accumulator computes in float32, what products are accumulated in
/// @param precision what the dump is held to
/// @param risk α, the probability that a right dump is called wrong
/// @param runs R, how many emulated runs of each kind
record StepVerdicts(Backend exact, Backend accumulator, Precision precision, double risk, int runs) {
    /// σ is at least so many unit roundoffs of the tensor's norm, one rounding to nearest: stochastic rounding of a
    /// number that happens to lie near one of its type has next to no error.
    private static final double LEAST = 0.5;

    /// @param verdicts by name, in graph order
    /// @param suspects the first wrong operation
    /// @param local errors of operations from the dump's own inputs; readable as long as the dump is open
    /// @param global errors from the step's inputs; readable as long as the dump is open
    record Result(
            Map<String, TensorVerdict> verdicts, List<String> suspects, EmulatedErrors local, EmulatedErrors global) {
        /// A judgement by threshold with these beside it; each may find a tensor wrong that the other does not.
        CheckResult beside(CheckResult judged) {
            List<Finding> findings = new ArrayList<>();
            for (Finding f : judged.findings()) {
                TensorVerdict verdict = verdicts.get(f.name());
                findings.add(verdict == null ? f : f.with(verdict));
            }
            return new CheckResult(
                    judged.dump(),
                    judged.metadata(),
                    judged.threshold(),
                    findings,
                    judged.absent(),
                    suspects,
                    judged.foreign(),
                    judged.diagnosis());
        }
    }

    /// @param truths of the step replayed in float64
    Result of(Replay replay, List<Truth> truths) {
        Dump dump = replay.dump();
        RecordedTypes types = new RecordedTypes(dump);
        Arithmetic arithmetic = types.arithmetic(precision);
        double each = risk / Math.max(1, 3 * truths.size());
        LocalErrors local = new LocalErrors(replay, types, new BoundingBackend(exact, arithmetic, each));
        EmulatedErrors global = new EmulatedErrors(dump, types, truths, false);
        for (int run = 0; run < runs; run++) {
            RoundingBackend one = emulator(arithmetic, "local", run);
            emulate(replay, one, new Substitution(dump, one::upload), local.errors(), "local", run);
            RoundingBackend other = emulator(arithmetic, "global", run);
            emulate(replay, other, new Casting(other, types), global, "global", run);
        }
        Map<String, TensorVerdict> verdicts = new LinkedHashMap<>();
        global.cases().forEach((name, c) -> verdicts.put(name, verdict(name, c, local, each)));
        List<String> suspects = local.suspects(dump::has, name -> is(verdicts, name, true));
        if (suspects.isEmpty()) {
            suspects = local.suspects(dump::has, name -> is(verdicts, name, false));
        }
        return new Result(verdicts, suspects, local.errors(), global);
    }

    private static boolean is(Map<String, TensorVerdict> verdicts, String name, boolean locally) {
        TensorVerdict v = verdicts.get(name);
        return v != null && (locally ? v.locallyWrong() : v.wrong());
    }

    private RoundingBackend emulator(Arithmetic arithmetic, String what, int run) {
        return new RoundingBackend(
                exact,
                arithmetic.wide() == FloatFormat.F64 ? exact : accumulator,
                arithmetic,
                Rounding.stochastic(KeyedRandom.of(0, "rounding " + what, run)),
                SummationOrder.random(KeyedRandom.of(0, "order " + what, run)),
                // half of the runs keep attention's scores and probabilities in the accumulator, as fused kernels do
                run % 2 == 0);
    }

    private static void emulate(
            Replay replay, RoundingBackend backend, Interception between, EmulatedErrors into, String what, int run) {
        RecordedStep step = replay.run(backend, between);
        into.add(
                replay.truths(step, (name, t) -> backend.download(t)),
                Rounding.stochastic(KeyedRandom.of(1, "rounding " + what, run)));
    }

    private TensorVerdict verdict(String name, EmulatedErrors.Case c, LocalErrors local, double each) {
        double size = EmulatedErrors.norm(c.truth());
        PredictionLimit budget = limit(c, size, each);
        double error = c.error();
        EmulatedErrors.Case l = local.errors().cases().get(name);
        double localSigma = Double.NaN;
        double localLimit = Double.NaN;
        double power = budget.limit() / size;
        if (l != null) {
            double localSize = EmulatedErrors.norm(l.truth());
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
                local.condition(name));
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

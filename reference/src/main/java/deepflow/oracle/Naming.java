package deepflow.oracle;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.zoo.Bug;
import deepflow.oracle.zoo.Mistake;
import deepflow.oracle.zoo.WrittenTensor;
import deepflow.oracle.zoo.Zoo;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// Finds bugs of the zoo that explain a dump's errors (docs/verdict.md). A bug's direction d is what the replay gives
/// with the bug less what it gives without, each operation from the dump's own inputs; where only global errors are too
/// large, from the step's inputs. An error e is explained where e − d is within its budget.
final class Naming {
    /// Standard errors from 0 that a coefficient has at least.
    private static final double SIGNIFICANT = 6;
    /// How far from 1 a coefficient may be beside its standard error: a bug's effect is not linear in low precision.
    private static final double NONLINEAR = 0.1;
    /// Share of d that may be left: what low precision makes of the bug itself.
    private static final double LEFT = 0.02;
    /// Share of the tensors that a bug changes which may be explained neither with nor without it.
    private static final double CONTRADICTED = 0.1;
    /// Fewer numbers are fitted by too many bugs, unless they are very accurate.
    private static final int ENOUGH_NUMBERS = 16;

    private static final double ACCURATE = 1000;
    private static final int MOST_NAMES = 4;
    /// Earlier tensors that a stale buffer is looked for in.
    private static final int MOST_BEFORE = 24;

    private static final Set<Family> VALUES = EnumSet.of(Family.ACT, Family.OUT, Family.LOSS);

    private final Replay replay;
    private final Backend exact;
    private final Arithmetic arithmetic;
    private final Map<String, TensorVerdict> verdicts;
    private final EmulatedErrors errors;
    private final boolean local;
    /// Names of wrong tensors in graph order.
    private final List<String> wrong;
    /// Gradients that the dump does not have and should.
    private final Set<String> missing = new HashSet<>();

    private final List<String> suspects;

    Naming(Replay replay, Backend exact, Arithmetic arithmetic, StepVerdicts.Result budgets, CheckResult judged) {
        this.replay = replay;
        this.exact = exact;
        this.arithmetic = arithmetic;
        this.verdicts = budgets.verdicts();
        this.suspects = budgets.suspects();
        judged.findings().stream()
                .filter(f -> f.status() == Finding.Status.MISSING && f.counts())
                .forEach(f -> missing.add(f.name()));
        Set<String> locally = names(budgets.verdicts(), TensorVerdict::locallyWrong);
        this.local = !locally.isEmpty() || !missing.isEmpty();
        this.errors = local ? budgets.local() : budgets.global();
        Set<String> all = local ? locally : names(budgets.verdicts(), TensorVerdict::wrong);
        this.wrong = judged.findings().stream()
                .map(Finding::name)
                .filter(name -> all.contains(name) || missing.contains(name))
                .toList();
    }

    private static Set<String> names(Map<String, TensorVerdict> verdicts, Predicate<TensorVerdict> which) {
        Set<String> names = new HashSet<>();
        verdicts.forEach((name, verdict) -> {
            if (which.test(verdict)) {
                names.add(name);
            }
        });
        return names;
    }

    /// How a bug's direction fits one tensor's error.
    ///
    /// @param product Σ e·d/σ²
    /// @param square Σ d²/σ²
    /// @param left ‖e − d‖ over the limit of ‖e‖, less the share of d that may be left
    /// @param error ‖e‖ over its limit
    /// @param change ‖d‖ over that limit
    /// @param unit unit roundoff of the type it was recorded in
    private record Fit(
            double product, double square, double left, double error, double change, int numbers, double unit) {
        static final Fit MISSING_AS_IT_SHOULD = new Fit(1e12, 1e12, 0, 1e6, 1e6, ENOUGH_NUMBERS, 0);

        boolean changed() {
            return change > 2;
        }

        boolean explained() {
            return left <= 1
                    && square >= SIGNIFICANT * SIGNIFICANT
                    && Math.abs(product / square - 1) <= NONLINEAR + 4 / Math.sqrt(square);
        }

        /// Whether the error is clearly not what the bug makes of it.
        boolean untouched() {
            return square >= SIGNIFICANT * SIGNIFICANT
                    && Math.abs(product / square - 1) > NONLINEAR + 4 / Math.sqrt(square);
        }

        /// Of a tensor that the bug makes zero, and that is not: far too small is something else.
        Fit butNotZero() {
            return new Fit(product, square, Double.POSITIVE_INFINITY, error, change, numbers, unit);
        }

        boolean contradicts() {
            return changed() && left > 1 && error > 1;
        }
    }

    private record Candidate(Bug bug, Map<String, Fit> fits) {
        boolean explains(String name) {
            Fit fit = fits.get(name);
            return fit != null && fit.explained();
        }

        /// Tensors that the bug would change, and that are as they would be without.
        long untouched() {
            return fits.values().stream().filter(Fit::untouched).count();
        }

        boolean plausible() {
            long changed = fits.values().stream().filter(Fit::changed).count();
            long against = fits.values().stream().filter(Fit::contradicts).count();
            return against <= CONTRADICTED * changed;
        }

        /// The coefficient over the explained tensors. Rounding may be off to one side in all elements together, so
        /// that
        /// a coefficient is not known better than one number of the type is.
        Likeness likeness(List<String> explained) {
            double product = 0;
            double square = 0;
            double unit = 0;
            for (String name : explained) {
                Fit fit = fits.get(name);
                if (fit != null && fit != Fit.MISSING_AS_IT_SHOULD) {
                    product += fit.product();
                    square += fit.square();
                    unit = Math.max(unit, fit.unit());
                }
            }
            return square == 0
                    ? new Likeness(bug, 1, 0, explained)
                    : new Likeness(bug, product / square, Math.hypot(1 / Math.sqrt(square), unit), explained);
        }

        boolean enough(List<String> explained) {
            long numbers = 0;
            double square = 0;
            for (String name : explained) {
                Fit fit = fits.get(name);
                if (fit != null) {
                    numbers += fit.numbers();
                    square += fit.square();
                }
            }
            return numbers >= ENOUGH_NUMBERS || square > ACCURATE * ACCURATE;
        }

        double left(List<String> explained) {
            double sum = 0;
            for (String name : explained) {
                Fit fit = fits.get(name);
                sum += fit == null ? 0 : Math.max(0, fit.left());
            }
            return sum / explained.size();
        }
    }

    /// Bugs that explain the first wrong tensor, or later ones that those leave unexplained; where a wrong
    /// value is left unexplained, none that explains gradients alone.
    List<Likeness> names() {
        List<Candidate> candidates = new ArrayList<>();
        for (Bug bug : Zoo.all()) {
            if (possible(bug) && !(bug.mistake() instanceof Mistake.Recorded)) {
                Candidate candidate = candidate(bug);
                if (candidate.plausible()) {
                    candidates.add(candidate);
                }
            }
        }
        Comparator<Candidate> byExplaining =
                Comparator.<Candidate>comparingInt(c -> -explainedBy(c).size()).thenComparingLong(Candidate::untouched);
        List<Likeness> names = new ArrayList<>();
        Set<String> explained = new HashSet<>();
        boolean written = false;
        for (String name : wrong) {
            if (explained.contains(name) || names.size() >= MOST_NAMES) {
                continue;
            }
            List<Candidate> here = new ArrayList<>(candidates);
            if (local && !written) {
                here.addAll(writtenWrongly(name));
                written = true;
            }
            List<Candidate> found = here.stream()
                    .filter(c -> c.explains(name))
                    .filter(c -> c.enough(explainedBy(c)))
                    .sorted(byExplaining.thenComparingDouble(c -> c.left(explainedBy(c))))
                    .toList();
            for (Candidate one : found) {
                if (names.size() < MOST_NAMES && byExplaining.compare(one, found.getFirst()) == 0) {
                    names.add(one.likeness(explainedBy(one)));
                    explained.addAll(explainedBy(one));
                }
            }
        }
        // what makes a value wrong makes gradients wrong too, and these alone may look like another bug
        if (wrong.stream().anyMatch(name -> isValue(name) && breaksLimit(name) && !explained.contains(name))) {
            names.removeIf(likeness -> likeness.explained().stream().noneMatch(Naming::isValue));
        }
        return names;
    }

    private boolean breaksLimit(String name) {
        TensorVerdict v = verdicts.get(name);
        return v != null && !v.alongBug();
    }

    private static boolean isValue(String name) {
        return Family.byName(name).filter(VALUES::contains).isPresent();
    }

    private List<String> explainedBy(Candidate candidate) {
        return wrong.stream().filter(candidate::explains).toList();
    }

    private boolean possible(Bug bug) {
        if (!bug.possible().test(replay.dump().metadata().config(), arithmetic)) {
            return false;
        }
        return !local
                || wrong.stream().anyMatch(bug::strikes)
                || suspects.stream().anyMatch(bug::strikes);
    }

    private Candidate candidate(Bug bug) {
        Interception between = local
                ? new Substitution(replay.dump(), exact, (values, shape, format) -> exact.adopt(values, shape))
                : Interception.NONE;
        Map<String, Fit> fits = new LinkedHashMap<>();
        boolean other = false;
        Truths.Reading later = Truths.Reading.later(exact);
        for (Truth mutant : replay.run(exact, between, bug.mistake(), later).truths()) {
            EmulatedErrors.Case c = errors.cases().get(mutant.name());
            if (c != null) {
                double[] numbers = mutant.values().get();
                boolean leftOver = isZero(numbers) && !isZero(c.actual());
                Fit fit = fit(mutant.name(), c, numbers);
                if (fit.square() > 0) {
                    fits.put(mutant.name(), leftOver ? fit.butNotZero() : fit);
                }
                other |= leftOver && mutant.name().startsWith(Family.GRAD.prefix());
            } else if (missing.contains(mutant.name()) && isZero(mutant.values().get())) {
                fits.put(mutant.name(), Fit.MISSING_AS_IT_SHOULD);
            }
        }
        if (other) { // a gradient is there that the bug leaves none of, so it is not why others are missing
            fits.values().removeIf(fit -> fit == Fit.MISSING_AS_IT_SHOULD);
        }
        return new Candidate(bug, fits);
    }

    private static boolean isZero(double[] x) {
        for (double v : x) {
            if (v != 0) {
                return false;
            }
        }
        return true;
    }

    private Fit fit(String name, EmulatedErrors.Case c, double[] mutant) {
        double[] actual = c.actual();
        double[] truth = c.truth();
        double[] sigma = c.sigma();
        double product = 0;
        double square = 0;
        double[] e = new double[truth.length];
        double[] d = new double[truth.length];
        double[] left = new double[truth.length];
        for (int i = 0; i < e.length; i++) {
            e[i] = actual[i] - truth[i];
            d[i] = mutant[i] - truth[i];
            left[i] = e[i] - d[i];
            double w = 1 / (sigma[i] * sigma[i]);
            if (Double.isFinite(w)) {
                product += w * e[i] * d[i];
                square += w * d[i] * d[i];
            }
        }
        double error = Norm.ofFinite(e);
        double change = Norm.ofFinite(d);
        TensorVerdict v = verdicts.get(name);
        double ratio = v == null ? Double.NaN : local ? v.localLimit() : v.globalLimit();
        double limit = error > 0 ? error / ratio : Norm.ofFinite(sigma);
        return new Fit(
                product,
                square,
                (Norm.ofFinite(left) - LEFT * change) / limit,
                error / limit,
                change / limit,
                e.length,
                c.format().unit());
    }

    /// Ways to write down the right numbers of one tensor wrongly.
    private List<Candidate> writtenWrongly(String name) {
        EmulatedErrors.Case c = errors.cases().get(name);
        if (c == null) {
            return List.of();
        }
        WrittenTensor tensor = new WrittenTensor(name, c.shape(), before(name, c.shape()));
        List<Candidate> found = new ArrayList<>();
        for (Bug bug : Zoo.all()) {
            if (bug.mistake() instanceof Mistake.Recorded recorded
                    && bug.possible().test(replay.dump().metadata().config(), arithmetic)) {
                for (double[] numbers : recorded.writing().of(tensor, c.truth())) {
                    if (isZero(numbers) && !isZero(c.actual())) {
                        continue; // far too small is not zero
                    }
                    found.add(new Candidate(bug, new HashMap<>(Map.of(name, fit(name, c, numbers)))));
                }
            }
        }
        return found;
    }

    /// Tensors of the same family and shape that the dump has, those before in graph order, latest first.
    private List<double[]> before(String name, Shape shape) {
        Family family = Family.byName(name).orElseThrow();
        List<String> names = new ArrayList<>();
        for (Map.Entry<String, EmulatedErrors.Case> e : errors.cases().entrySet()) {
            if (e.getKey().equals(name)) {
                break;
            }
            if (e.getKey().startsWith(family.prefix()) && e.getValue().shape().equals(shape)) {
                names.add(e.getKey());
            }
        }
        return names.reversed().stream()
                .limit(MOST_BEFORE)
                .map(n -> replay.dump().read(n))
                .toList();
    }
}

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
    /// Share of the tensors that a bug changes which may be explained neither with nor without it.
    private static final double CONTRADICTED = 0.1;
    /// Fewer numbers are fitted by too many bugs, unless they are very accurate.
    static final int ENOUGH_NUMBERS = 16;

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

    Naming(Replay replay, Backend exact, StepVerdicts.Result budgets, CheckResult judged) {
        this.replay = replay;
        this.exact = exact;
        this.arithmetic = replay.types().arithmetic();
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

    /// @param partly whether the mistake is made in some calls of its modules only
    private record Candidate(Bug bug, boolean partly, Map<String, BugFit> fits) {
        boolean explains(String name) {
            BugFit fit = fits.get(name);
            return fit != null && fit.explained();
        }

        /// Tensors that the bug would change, and that are as they would be without.
        long untouched() {
            return fits.values().stream().filter(BugFit::untouched).count();
        }

        boolean plausible() {
            long changed = fits.values().stream().filter(BugFit::changed).count();
            long against = fits.values().stream().filter(BugFit::contradicts).count();
            return against <= CONTRADICTED * changed;
        }

        /// The coefficient over the explained tensors. It is not known better than one number of their type is.
        Likeness likeness(List<String> explained) {
            Along along = Along.NOTHING;
            double unit = 0;
            for (String name : explained) {
                BugFit fit = fits.get(name);
                if (fit != null && fit != BugFit.MISSING_AS_IT_SHOULD) {
                    along = along.and(fit.along());
                    unit = Math.max(unit, fit.unit());
                }
            }
            return along.square() == 0
                    ? new Likeness(bug, 1, 0, explained)
                    : new Likeness(bug, along.coefficient(), Math.hypot(along.standardError(), unit), explained);
        }

        boolean enough(List<String> explained) {
            long numbers = 0;
            double square = 0;
            for (String name : explained) {
                BugFit fit = fits.get(name);
                if (fit != null) {
                    numbers += fit.numbers();
                    square += fit.along().square();
                }
            }
            return numbers >= ENOUGH_NUMBERS || square > ACCURATE * ACCURATE;
        }

        double left(List<String> explained) {
            double sum = 0;
            for (String name : explained) {
                BugFit fit = fits.get(name);
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
                Candidate candidate = candidate(bug, bug.mistake());
                if (!candidate.plausible() && bug.mistake() instanceof Mistake.Output everywhere) {
                    // gradients that several modules share are not what the mistake in all of them makes of them
                    Set<String> some = callsExplained(candidate);
                    candidate = some.isEmpty() ? candidate : candidate(bug, everywhere.only(some));
                }
                if (candidate.plausible()) {
                    candidates.add(candidate);
                }
            }
        }
        Comparator<Candidate> byExplaining = Comparator.<Candidate>comparingInt(
                        c -> -explainedBy(c).size())
                .thenComparingLong(Candidate::untouched)
                .thenComparing(Candidate::partly);
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
                boolean said = names.stream().anyMatch(likeness -> likeness.bug() == one.bug()); // of another buffer
                boolean best = byExplaining.compare(one, found.getFirst()) == 0;
                if (names.size() < MOST_NAMES && best && !said) {
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

    /// Calls of modules whose outputs are what the bug makes of them.
    private Set<String> callsExplained(Candidate candidate) {
        Set<String> calls = new HashSet<>();
        for (String name : wrong) {
            if (name.startsWith(Family.ACT.prefix()) && candidate.explains(name)) {
                calls.add(name.substring(Family.ACT.prefix().length()));
            }
        }
        return calls;
    }

    /// @param mistake the bug's, or part of it
    private Candidate candidate(Bug bug, Mistake mistake) {
        Interception between = local
                ? new Substitution(
                        replay.dump(), replay.types(), exact, (values, shape, format) -> exact.adopt(values, shape))
                : Interception.NONE;
        Map<String, BugFit> fits = new LinkedHashMap<>();
        boolean other = false;
        Truths.Reading later = Truths.Reading.later(exact);
        for (Truth mutant : replay.run(exact, between, mistake, later).truths()) {
            EmulatedErrors.Case c = errors.cases().get(mutant.name());
            if (c != null) {
                double[] numbers = mutant.values().get();
                boolean leftOver = isZero(numbers) && !isZero(c.actual());
                BugFit fit = fit(mutant.name(), c, numbers);
                if (fit.along().square() > 0) {
                    fits.put(mutant.name(), leftOver ? fit.butNotZero() : fit);
                }
                other |= leftOver && mutant.name().startsWith(Family.GRAD.prefix());
            } else if (missing.contains(mutant.name()) && isZero(mutant.values().get())) {
                fits.put(mutant.name(), BugFit.MISSING_AS_IT_SHOULD);
            }
        }
        if (other) { // a gradient is there that the bug leaves none of, so it is not why others are missing
            fits.values().removeIf(fit -> fit == BugFit.MISSING_AS_IT_SHOULD);
        }
        return new Candidate(bug, !mistake.equals(bug.mistake()), fits);
    }

    private static boolean isZero(double[] x) {
        for (double v : x) {
            if (v != 0) {
                return false;
            }
        }
        return true;
    }

    private BugFit fit(String name, EmulatedErrors.Case c, double[] mutant) {
        TensorVerdict v = verdicts.get(name);
        double ratio = v == null ? Double.NaN : local ? v.localLimit() : v.globalLimit();
        return BugFit.of(c, mutant, ratio, arithmetic.wide().unit());
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
                    BugFit fit = fit(name, c, numbers);
                    if (fit.changed()) { // a buffer with the right numbers in it is none of the reasons
                        found.add(new Candidate(bug, false, new HashMap<>(Map.of(name, fit))));
                    }
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

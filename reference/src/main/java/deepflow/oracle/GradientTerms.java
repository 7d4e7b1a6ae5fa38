package deepflow.oracle;

import deepflow.oracle.zoo.Mistake;
import deepflow.tensor.Backend;
import deepflow.train.Objective;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads wrong gradients as a sum of the gradients of the loss's terms, each with a factor of its own.
///
/// @param replay of a dump whose values are right
/// @param exact computes in float64
/// @param budgets of the dump
record GradientTerms(Replay replay, Backend exact, StepVerdicts.Result budgets) {
    private record Named(String name, Objective objective) {}

    /// What is wrong with the gradients; null if more is wrong than gradients, or none are.
    static @Nullable WrongGradients of(Replay replay, Backend exact, StepVerdicts.Result budgets, CheckResult judged) {
        List<String> parameters = new ArrayList<>();
        int all = 0;
        boolean any = false;
        for (Finding f : judged.findings()) {
            Family family = Family.byName(f.name()).orElse(null);
            boolean gradient = family == Family.GRAD || family == Family.GRADACT;
            boolean stepped = family != null && Family.STEPPED.contains(family);
            if (f.counts() && !gradient && !stepped) {
                return null;
            }
            any |= f.counts() && gradient;
            if (family == Family.GRAD) {
                all++;
                if (f.counts()) {
                    parameters.add(f.name().substring(Family.GRAD.prefix().length()));
                }
            }
        }
        if (!any) {
            return null;
        }
        boolean complete = judged.findings().stream().noneMatch(f -> f.counts() && f.status() != Finding.Status.WRONG);
        List<WrongGradients.Term> terms =
                complete && all > 0 ? new GradientTerms(replay, exact, budgets).factors() : List.of();
        return new WrongGradients(terms, parameters, all);
    }

    private List<Named> terms() {
        Objective o = replay.dump().metadata().objective();
        List<Named> terms = new ArrayList<>();
        for (int i = 0; i < o.betas().size(); i++) {
            List<Double> one = new ArrayList<>(Collections.nCopies(o.betas().size(), 0.0));
            one.set(i, o.betas().get(i));
            String name = o.betas().size() == 1 ? "loss.deep" : "loss.deep of branch " + (i + 1);
            terms.add(new Named(name, new Objective(one, 0, o.path(), o.target(), 0)));
        }
        List<Double> none = Collections.nCopies(o.betas().size(), 0.0);
        terms.add(new Named("loss.acc", new Objective(none, o.lambda(), o.path(), o.target(), 0)));
        terms.add(new Named("loss.ssl", new Objective(none, 0, o.path(), o.target(), o.sslWeight())));
        return terms;
    }

    /// The factors, by weighted least squares over all gradients of parameters; empty if they are all 1, or if with
    /// them
    /// a gradient is still further off than its budget.
    private List<WrongGradients.Term> factors() {
        Map<String, List<double[]>> columns = new HashMap<>();
        List<String> names = new ArrayList<>();
        for (Named term : terms()) {
            Map<String, double[]> gradients = gradients(term.objective());
            boolean reaches = gradients.values().stream().anyMatch(g -> Norm.ofFinite(g) > 0);
            if (reaches) {
                names.add(term.name());
                gradients.forEach((name, g) ->
                        columns.computeIfAbsent(name, n -> new ArrayList<>()).add(g));
            }
        }
        LeastSquares fit = new LeastSquares(names.size());
        columns.forEach((name, g) -> {
            EmulatedErrors.Case c = budgets.global().cases().get(name);
            if (c != null) {
                fit.add(g, c.actual(), c.sigma());
            }
        });
        double[] factors = fit.solve();
        for (Map.Entry<String, List<double[]>> e : columns.entrySet()) {
            if (budgets.global().cases().containsKey(e.getKey()) && !fits(e.getKey(), e.getValue(), factors)) {
                return List.of();
            }
        }
        double[] errors = fit.standardErrors();
        double together = relativeSigma(columns.keySet());
        List<WrongGradients.Term> terms = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            terms.add(new WrongGradients.Term(names.get(i), factors[i], Math.hypot(errors[i], together)));
        }
        // factors of 1 explain nothing
        return terms.stream().allMatch(WrongGradients.Term::right) ? List.of() : terms;
    }

    /// The median of the gradients' ‖σ‖/‖truth‖: all elements of a gradient may be off together, since what they are
    /// made of is.
    private double relativeSigma(Set<String> names) {
        double[] relative = names.stream()
                .flatMap(name -> Stream.ofNullable(budgets.global().cases().get(name)))
                .mapToDouble(c -> Norm.ofFinite(c.sigma()) / c.size())
                .filter(Double::isFinite)
                .sorted()
                .toArray();
        return relative.length == 0 ? 0 : relative[relative.length / 2];
    }

    private Map<String, double[]> gradients(Objective objective) {
        Truths.Reading later = Truths.Reading.later(exact);
        Map<String, double[]> gradients = new HashMap<>();
        for (Truth truth : replay.run(exact, objective, Interception.NONE, Mistake.NONE, later)
                .truths()) {
            if (truth.name().startsWith(Family.GRAD.prefix())) {
                gradients.put(truth.name(), truth.values().get());
            }
        }
        return gradients;
    }

    /// Whether a gradient is the terms' with their factors, as well as its budget allows for gradients that large.
    private boolean fits(String name, List<double[]> columns, double[] factors) {
        EmulatedErrors.Case c = budgets.global().cases().get(name);
        TensorVerdict verdict = budgets.verdicts().get(name);
        if (c == null || verdict == null) {
            return true;
        }
        double[] left = c.actual();
        double largest = 1;
        for (int t = 0; t < factors.length; t++) {
            largest = Math.max(largest, Math.abs(factors[t]));
            for (int i = 0; i < left.length; i++) {
                left[i] -= factors[t] * columns.get(t)[i];
            }
        }
        double size = c.size();
        return Norm.ofFinite(left) <= largest * verdict.budget() * size;
    }
}

package deepflow.oracle;

import deepflow.nn.ParameterSpec;
import deepflow.oracle.budget.Accumulation;
import deepflow.oracle.budget.AdamWBounds;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.train.GradientClip;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Judges an optimizer step against bounds, each result from the dump's own numbers: the norm from its gradients, the
/// moments from those and the norm, the weight from the new moments, the average from the new weight. A gradient that
/// is wrong is not held against the optimizer a second time.
///
/// @param dump with an optimizer step
/// @param types that its tensors had
/// @param step its constants
/// @param trained all parameters that have a gradient
/// @param risk the probability that a right norm is called wrong
record OptimizerVerdicts(
        Dump dump, RecordedTypes types, StepMetadata.Optimizer step, List<ParameterSpec> trained, double risk) {
    /// Roundings of a norm beside its sums': of each tensor's norm, of its square, of the result.
    private static final int NORM_ROUNDINGS = 4;

    /// The verdict on each tensor that could be recomputed, in the order of the step.
    Map<String, TensorVerdict> all() {
        Map<String, TensorVerdict> verdicts = new LinkedHashMap<>();
        String norm = Family.OPTIM.of("grad_norm");
        Norm own = ownNorm();
        if (own != null && dump.has(norm) && dump.info(norm).elements() == 1) {
            FloatFormat narrow = narrowest(gradients());
            double off = normError(narrow);
            double[] bound = {off * own.value() + narrow.underflow()};
            verdicts.put(norm, verdict(norm, new AdamWBounds.Bounded(new double[] {own.value()}, bound)));
        }
        double[] clip = clip(own, norm);
        for (ParameterSpec spec : trained) {
            judge(spec, clip, verdicts);
        }
        return verdicts;
    }

    private void judge(ParameterSpec spec, double @Nullable [] clip, Map<String, TensorVerdict> into) {
        String name = spec.name();
        String m = Family.AFTER_M.of(name);
        String v = Family.AFTER_V.of(name);
        String weight = Family.AFTER_WEIGHT.of(name);
        String average = Family.AFTER_EMA.of(name);
        String g = Family.GRAD.of(name);
        AdamWBounds bounds = new AdamWBounds(step.constants().at(step.step()), narrowest(List.of(m, v, weight, g)));
        if (clip != null && all(spec, Family.BEFORE_M.of(name), Family.BEFORE_V.of(name))) {
            double[] gradient = all(spec, g)
                    ? unscaled(g)
                    : new double[Math.toIntExact(spec.shape().size())];
            if (all(spec, g) || !dump.has(g) && dump.has(Family.GRAD)) { // one of many was zero everywhere
                AdamWBounds.Bounded clipped = bounds.clipped(gradient, clip[0], clip[1]);
                put(spec, m, bounds.firstMoment(dump.read(Family.BEFORE_M.of(name)), clipped), into);
                put(spec, v, bounds.secondMoment(dump.read(Family.BEFORE_V.of(name)), clipped), into);
            }
        }
        if (all(spec, m, v, weight)) {
            put(spec, weight, bounds.weight(dump.read(Family.WEIGHT.of(name)), dump.read(m), dump.read(v)), into);
        }
        String before = Family.BEFORE_EMA.of(name);
        if (all(spec, before, weight, average)) {
            FloatFormat narrow = narrowest(List.of(average, weight));
            put(
                    spec,
                    average,
                    new AdamWBounds(step.constants().at(step.step()), narrow)
                            .average(
                                    dump.read(before),
                                    dump.read(weight),
                                    step.constants().emaDecay()),
                    into);
        }
    }

    private boolean all(ParameterSpec spec, String... names) {
        for (String name : names) {
            if (!dump.has(name) || !dump.info(name).type().isFloating() || !dump.hasShape(name, spec.shape())) {
                return false;
            }
        }
        return true;
    }

    private void put(ParameterSpec spec, String name, AdamWBounds.Bounded bounded, Map<String, TensorVerdict> into) {
        if (all(spec, name)) {
            into.put(name, verdict(name, bounded));
        }
    }

    private TensorVerdict verdict(String name, AdamWBounds.Bounded bounded) {
        double[] actual = dump.read(name);
        double worst = 0;
        for (int i = 0; i < actual.length; i++) {
            double e = Math.abs(actual[i] - bounded.values()[i]);
            // what overflowed has its own finding
            if (e > 0 && Double.isFinite(e)) {
                worst = Math.max(worst, e / bounded.bounds()[i]);
            }
        }
        double power = Norm.ofFinite(bounded.bounds()) / Norm.ofFinite(bounded.values());
        double none = Double.NaN;
        // results narrower than the precision's weights have the threshold beside them
        boolean decisive =
                power < 1 && narrowest(List.of(name)).holds(types.arithmetic().given());
        return new TensorVerdict(worst, none, none, none, none, none, power, none, decisive, false);
    }

    // ---- the norm of all gradients --------------------------------------------------------------------------

    private List<String> gradients() {
        return trained.stream()
                .map(spec -> Family.GRAD.of(spec.name()))
                .filter(dump::has)
                .toList();
    }

    private double[] unscaled(String gradient) {
        double[] g = dump.read(gradient);
        for (int i = 0; i < g.length; i++) {
            g[i] /= dump.metadata().lossScale();
        }
        return g;
    }

    /// Of the dump's own gradients; null if it has none.
    private @Nullable Norm ownNorm() {
        List<String> gradients = gradients();
        Norm norm = Norm.ZERO;
        for (String g : gradients) {
            norm = norm.and(Norm.of(unscaled(g)));
        }
        return gradients.isEmpty() ? null : norm;
    }

    private double normError(FloatFormat narrow) {
        long elements = trained.stream().mapToLong(s -> s.shape().size()).sum();
        FloatFormat wide = narrow == FloatFormat.F64 ? FloatFormat.F64 : FloatFormat.F32;
        double gamma = new Accumulation(wide.unit() + FloatFormat.F64.unit(), risk).gamma(elements, 1);
        // norms of tensors are added in the gradients' type
        double parts = new Accumulation(narrow.unit(), risk).gamma(trained.size(), 1);
        return gamma + parts + NORM_ROUNDINGS * narrow.unit();
    }

    /// What gradients are multiplied by, and how far that is off; null if it is not known.
    private double @Nullable [] clip(@Nullable Norm own, String norm) {
        double most = step.constants().clip();
        if (most == 0) {
            return new double[] {1, 0};
        }
        FloatFormat narrow = narrowest(gradients());
        boolean recorded = dump.has(norm) && dump.info(norm).elements() == 1;
        if (own == null && !recorded) {
            return null;
        }
        double size =
                recorded ? dump.read(norm)[0] : Objects.requireNonNull(own).value();
        double off = (recorded ? 0 : normError(narrow)) + NORM_ROUNDINGS * narrow.unit();
        double factor = GradientClip.ratio(size, most);
        return factor * (1 - off) > 1 ? new double[] {1, 0} : new double[] {Math.min(1, factor), off};
    }

    private FloatFormat narrowest(List<String> names) {
        List<FloatFormat> all = new ArrayList<>();
        for (String name : names) {
            FloatFormat format = types.of(name);
            if (format != null) {
                all.add(format);
            }
        }
        return all.stream().max((a, b) -> Double.compare(a.unit(), b.unit())).orElse(FloatFormat.F64);
    }
}

package deepflow.train;

import deepflow.model.ParameterValues;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// All that a step changes, on a back end: of each trained parameter its weight, moments and moving
/// average, and the scale of the loss where products need one. Parameters that are never trained (`pos_embed`)
/// have a value only.
public final class TrainingState {
    private final List<ParameterSpec> specs;
    private final Map<String, ParameterState> trained = new LinkedHashMap<>();
    private final Map<String, Tensor> fixed = new LinkedHashMap<>();
    private @Nullable LossScale lossScale;

    private TrainingState(List<ParameterSpec> specs, @Nullable LossScale lossScale) {
        this.specs = List.copyOf(specs);
        this.lossScale = lossScale;
    }

    /// Where a run begins: moments 0, the average equal to the weights.
    public static TrainingState fresh(Backend b, List<ParameterSpec> specs, ParameterValues weights) {
        return of(b, specs, weights, s -> new double[size(s)], s -> new double[size(s)], weights);
    }

    /// Any state.
    ///
    /// @param weights of all parameters
    /// @param m first moments of the trained ones
    /// @param v second moments of the trained ones
    /// @param ema moving averages of the trained ones
    public static TrainingState of(
            Backend b,
            List<ParameterSpec> specs,
            ParameterValues weights,
            ParameterValues m,
            ParameterValues v,
            ParameterValues ema) {
        TrainingState state = new TrainingState(specs, LossScale.of(b));
        for (ParameterSpec s : specs) {
            Tensor weight = b.upload(weights.of(s), s.shape());
            if (s.trained()) {
                state.trained.put(
                        s.name(),
                        new ParameterState(
                                weight,
                                b.upload(m.of(s), s.shape()),
                                b.upload(v.of(s), s.shape()),
                                b.upload(ema.of(s), s.shape())));
            } else {
                state.fixed.put(s.name(), weight);
            }
        }
        return state;
    }

    /// Zeros, for measurements.
    public static TrainingState zeros(Backend b, List<ParameterSpec> specs) {
        TrainingState state = new TrainingState(specs, LossScale.of(b));
        for (ParameterSpec s : specs) {
            Supplier<Tensor> zeros = () -> b.full(s.shape(), 0);
            if (s.trained()) {
                state.trained.put(s.name(), new ParameterState(zeros.get(), zeros.get(), zeros.get(), zeros.get()));
            } else {
                state.fixed.put(s.name(), zeros.get());
            }
        }
        return state;
    }

    private static int size(ParameterSpec s) {
        return Math.toIntExact(s.shape().size());
    }

    /// The parameters, in the order of declaration.
    public List<ParameterSpec> specs() {
        return specs;
    }

    /// Those that are trained, in the order of declaration.
    public List<ParameterSpec> trained() {
        List<ParameterSpec> all = new ArrayList<>(specs);
        all.removeIf(s -> !s.trained());
        return all;
    }

    /// What the optimizer keeps for a trained parameter.
    public ParameterState of(ParameterSpec spec) {
        ParameterState state = trained.get(spec.name());
        if (state == null) {
            throw new IllegalArgumentException("parameter " + spec.name() + " is not trained");
        }
        return state;
    }

    /// By how much the loss is multiplied in the next step; null where it is not.
    public @Nullable LossScale lossScale() {
        return lossScale;
    }

    /// Sets the scale of the loss for the next step; null for none.
    public void lossScale(@Nullable LossScale next) {
        lossScale = next;
    }

    /// The weights of all parameters, by name.
    public Map<String, Tensor> weights() {
        return choose(false);
    }

    /// The moving averages of all parameters, by name; of fixed ones their value.
    public Map<String, Tensor> averages() {
        return choose(true);
    }

    private Map<String, Tensor> choose(boolean average) {
        Map<String, Tensor> all = new LinkedHashMap<>(fixed);
        trained.forEach((name, p) -> all.put(name, average ? p.ema() : p.weight()));
        return all;
    }
}

package deepflow.nn;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model's parameters by name, as leaves of one tape.
public final class Parameters {
    private final Map<String, Variable> byName;

    private Parameters(Map<String, Variable> byName) {
        this.byName = byName;
    }

    /// Puts values on a tape: trained parameters as leaves, fixed ones as constants.
    ///
    /// @param values tensors by name; each declared parameter is there, in its shape
    /// @throws IllegalArgumentException if one is missing or has another shape
    public static Parameters on(Tape tape, List<ParameterSpec> specs, Map<String, Tensor> values) {
        Map<String, Variable> byName = new LinkedHashMap<>();
        for (ParameterSpec spec : specs) {
            Tensor value = values.get(spec.name());
            if (value == null) {
                throw new IllegalArgumentException("parameter " + spec.name() + " has no value");
            }
            if (!value.shape().equals(spec.shape())) {
                throw new IllegalArgumentException("parameter " + spec.name() + " has shape " + value.shape()
                        + ", the model needs " + spec.shape());
            }
            byName.put(spec.name(), spec.trained() ? tape.leaf(value) : tape.constant(value));
        }
        return new Parameters(byName);
    }

    /// The parameter of this full name.
    ///
    /// @throws IllegalArgumentException if there is none
    public Variable get(String name) {
        Variable v = byName.get(name);
        if (v == null) {
            throw new IllegalArgumentException("the model has no parameter " + name);
        }
        return v;
    }

    /// All parameters, in the order of declaration.
    public Map<String, Variable> all() {
        return Collections.unmodifiableMap(byName);
    }
}

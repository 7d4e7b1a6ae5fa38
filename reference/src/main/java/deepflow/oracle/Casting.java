package deepflow.oracle;

import deepflow.autograd.Variable;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.oracle.emulation.RoundingBackend;
import deepflow.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Gives every output, and its gradient, the type that a dump recorded it in: autocast decides types by rules of its
/// own, and the dump knows them.
///
/// @param backend which emulates
/// @param types of the dump
record Casting(RoundingBackend backend, RecordedTypes types) implements Interception {
    @Override
    public Variable output(String name, Variable value, boolean alias) {
        return alias ? value : intercept(Family.ACT.of(name), Family.GRADACT.of(name), value);
    }

    @Override
    public Variable prediction(String name, Variable value) {
        return intercept(Family.OUT.of(name), Family.GRADACT.of(name), value);
    }

    private Variable intercept(String values, String gradients, Variable value) {
        FloatFormat format = types.of(values);
        FloatFormat gradient = types.of(gradients);
        if (format == null && gradient == null) {
            return value;
        }
        return value.tape().intercept(value, cast(value.value(), format), dy -> cast(dy, gradient));
    }

    private Tensor cast(Tensor x, @Nullable FloatFormat to) {
        return to == null || to == FloatFormat.F64 ? x : backend.cast(x, to);
    }
}

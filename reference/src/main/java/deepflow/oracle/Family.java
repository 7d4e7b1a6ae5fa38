package deepflow.oracle;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/// What a dump's tensors are, by the beginning of their names.
public enum Family {
    /// Inputs of the step.
    IN("in."),
    /// Parameters before the step.
    WEIGHT("weight."),
    /// Outputs of modules.
    ACT("act."),
    /// Gradients of the total loss with respect to them.
    GRADACT("gradact."),
    /// Velocities, accelerations, refined tokens.
    OUT("out."),
    /// Losses.
    LOSS("loss."),
    /// Gradients of parameters, before clipping.
    GRAD("grad."),
    /// Norm of all gradients.
    OPTIM("optim."),
    /// State of the optimizer before the step: first moment.
    BEFORE_M("before.m."),
    /// Second moment.
    BEFORE_V("before.v."),
    /// Moving average of the parameters.
    BEFORE_EMA("before.ema."),
    /// Parameters after the step.
    AFTER_WEIGHT("after.weight."),
    /// First moment.
    AFTER_M("after.m."),
    /// Second moment.
    AFTER_V("after.v."),
    /// Moving average.
    AFTER_EMA("after.ema.");

    /// The optimizer's state before the step.
    static final Set<Family> STATE = Set.of(BEFORE_M, BEFORE_V, BEFORE_EMA);
    /// What an optimizer step results in.
    static final Set<Family> STEPPED = Set.of(OPTIM, AFTER_M, AFTER_V, AFTER_WEIGHT, AFTER_EMA);

    private final String prefix;

    Family(String prefix) {
        this.prefix = prefix;
    }

    /// The beginning of the names, with its dot.
    public String prefix() {
        return prefix;
    }

    /// The name of a member.
    public String of(String rest) {
        return prefix + rest;
    }

    /// The family a name belongs to.
    public static Optional<Family> byName(String name) {
        return Arrays.stream(values()).filter(f -> name.startsWith(f.prefix)).findFirst();
    }
}

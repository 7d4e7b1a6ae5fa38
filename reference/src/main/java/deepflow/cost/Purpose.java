package deepflow.cost;

import java.util.Locale;

/// What memory is for.
public enum Purpose {
    /// The model's parameters.
    WEIGHTS,
    /// What the optimizer keeps: moments and moving averages.
    OPTIMIZER,
    /// Inputs of a step.
    BATCH,
    /// Gradients of the parameters.
    GRADIENTS,
    /// Values computed on the way forward: those that wait for the backward pass, and those just computed.
    ACTIVATIONS,
    /// Outputs of modules and their gradients, kept to be compared.
    OUTPUTS,
    /// All else: gradients of activations, results on their way.
    TRANSIENTS;

    /// As people read it: `weights`.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

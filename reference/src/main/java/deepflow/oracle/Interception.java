package deepflow.oracle;

import deepflow.autograd.Variable;

/// What stands between a module and those who use its output while a step is replayed: it may put another value in
/// the output's place, and change the gradient that comes back ([deepflow.autograd.Tape#intercept]).
interface Interception {
    /// Nothing does.
    Interception NONE = (name, value, alias) -> value;

    /// What the rest of the model is to see of a module's output.
    ///
    /// @param name module path, `#i` for later calls
    /// @param alias whether a deeper module handed on the same value before
    Variable output(String name, Variable value, boolean alias);

    /// What the losses are to see of a prediction.
    ///
    /// @param name `velocity.0`, `acceleration.0` …
    default Variable prediction(String name, Variable value) {
        return value;
    }

    /// What the total loss is to see of one of its parts.
    ///
    /// @param name `deep`, `acc` or `ssl`
    default Variable loss(String name, Variable value) {
        return value;
    }
}

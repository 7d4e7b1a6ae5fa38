package deepflow.nn;

import deepflow.autograd.Variable;

/// Hears every module's output, in the order of execution.
@FunctionalInterface
public interface TraceListener {
    /// A listener that does not care.
    TraceListener NONE = (name, value, alias) -> value;

    /// A module has returned.
    ///
    /// @param name the module's path; later calls of one module have `#1`, `#2` … appended
    /// @param value its output
    /// @param alias whether a deeper module returned the same value before: the output is only handed on
    /// @return what the rest of the model is to see: `value`, or something put in its place
    ///     ([deepflow.autograd.Tape#intercept])
    Variable output(String name, Variable value, boolean alias);
}

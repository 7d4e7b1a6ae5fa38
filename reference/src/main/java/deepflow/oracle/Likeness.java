package deepflow.oracle;

import deepflow.oracle.zoo.Bug;
import java.util.List;

/// A bug of the zoo that a dump's errors look like: with the bug put into the reference, the dump's errors there are
/// within their budgets.
///
/// @param bug which
/// @param coefficient a in error ≈ a·(what the bug changes), by weighted least squares: 1 where it is this bug
/// @param standardError of the coefficient
/// @param explained wrong tensors whose errors are within their budgets with the bug in the reference, in graph order
public record Likeness(Bug bug, double coefficient, double standardError, List<String> explained) {}

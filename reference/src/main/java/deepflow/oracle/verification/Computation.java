package deepflow.oracle.verification;

import deepflow.autograd.Variable;
import java.util.Map;

/// A function of named tensors: what can be held against vectors and central differences.
@FunctionalInterface
public interface Computation {
    /// Computes the outputs by name, from what it asks of the evaluation.
    Map<String, Variable> evaluate(Evaluation e);
}

package deepflow.oracle.verification;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Sums;
import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// Outputs of a computation, and the gradients of Σ seed·output with respect to everything it asked for.
///
/// @param outputs by name
/// @param gradients by full name of the argument; zeros where none flows
public record Backward(Map<String, Values> outputs, Map<String, Values> gradients) {
    /// Evaluates a computation and walks it back.
    ///
    /// @param seeds one for each output, of its shape
    public static Backward of(Backend backend, Computation f, Case arguments, Map<String, Values> seeds) {
        Tape tape = Tape.recording(backend);
        Evaluation e = new Evaluation(tape, arguments);
        Map<String, Variable> outputs = f.evaluate(e);
        if (!outputs.keySet().equals(seeds.keySet())) {
            throw new IllegalArgumentException(
                    "outputs " + outputs.keySet() + " need a seed each, there are " + seeds.keySet());
        }
        Variable loss = tape.constant(Shape.SCALAR, 0);
        for (Map.Entry<String, Variable> output : outputs.entrySet()) {
            Values seed = seeds.get(output.getKey());
            if (seed != null) {
                loss = Pointwise.add(loss, product(output.getValue(), seed));
            }
        }
        tape.backward(loss);
        Map<String, Values> values = new TreeMap<>();
        outputs.forEach((name, y) -> values.put(name, Values.of(backend, y.value())));
        Map<String, Values> gradients = new TreeMap<>();
        e.leaves().forEach((name, leaf) -> gradients.put(name, gradient(backend, leaf)));
        return new Backward(values, gradients);
    }

    /// The outputs alone.
    public static Map<String, Values> forward(Backend backend, Computation f, Case arguments) {
        Map<String, Values> values = new TreeMap<>();
        f.evaluate(new Evaluation(Tape.inference(backend), arguments))
                .forEach((name, y) -> values.put(name, Values.of(backend, y.value())));
        return values;
    }

    private static Variable product(Variable y, Values seed) {
        if (!y.shape().equals(seed.shape())) {
            throw new IllegalArgumentException(
                    "an output of shape " + y.shape() + " needs a seed of that shape, not " + seed.shape());
        }
        int[] ones = new int[y.shape().rank()];
        Arrays.fill(ones, 1);
        Variable weighted = Pointwise.multiply(y, y.tape().constant(seed.on(y.backend())));
        return Layout.reshape(Sums.sumTo(weighted, Shape.of(ones)), Shape.SCALAR);
    }

    private static Values gradient(Backend backend, Variable leaf) {
        Tensor g = leaf.gradient();
        return g != null
                ? Values.of(backend, g)
                : Values.of(
                        leaf.shape(), new double[Math.toIntExact(leaf.shape().size())]);
    }
}

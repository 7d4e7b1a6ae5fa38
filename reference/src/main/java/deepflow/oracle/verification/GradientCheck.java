package deepflow.oracle.verification;

import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Reverse mode against central differences: for L = Σ seed·output and an element x of an argument,
/// ∂L/∂x ≈ (8·(L(x + h) − L(x − h)) − (L(x + 2h) − L(x − 2h))) / 12h, of fourth order in h = [Strictness#step].
public final class GradientCheck {
    /// Elements of each argument that are tried, spread over it: differences cost four evaluations each.
    private static final int TRIED = 12;

    private GradientCheck() {}

    /// The largest difference between the two, relative to the largest gradient of all arguments.
    ///
    /// @param seeds one for each output
    /// @param cut arguments that the computation cuts off on purpose: their gradient is not what differences say
    public static double error(
            Backend backend, Computation f, Case arguments, Map<String, Values> seeds, Set<String> cut) {
        try (Arena _ = backend.arena()) {
            Map<String, Values> gradients =
                    new TreeMap<>(Backward.of(backend, f, arguments, seeds).gradients());
            gradients.keySet().removeAll(cut);
            double difference = 0;
            double magnitude = 0;
            for (Map.Entry<String, Values> g : gradients.entrySet()) {
                int size = g.getValue().size();
                int stride = Math.max(1, (size + TRIED - 1) / TRIED);
                for (int i = 0; i < size; i += stride) {
                    double expected = derivative(backend, f, arguments, seeds, g.getKey(), i);
                    difference = Math.max(difference, Math.abs(g.getValue().at(i) - expected));
                }
                for (double element : g.getValue().elements()) {
                    magnitude = Math.max(magnitude, Math.abs(element));
                }
            }
            return magnitude == 0 ? difference : difference / magnitude;
        }
    }

    private static double derivative(
            Backend backend, Computation f, Case arguments, Map<String, Values> seeds, String name, int index) {
        try (Arena _ = backend.arena()) {
            double h = Strictness.step(backend.dtype());
            double near = rise(backend, f, arguments, seeds, name, index, h);
            double far = rise(backend, f, arguments, seeds, name, index, 2 * h);
            return (8 * near - far) / (12 * h);
        }
    }

    /// L(x + h) − L(x − h), summed from the differences of the outputs, which round less than L does.
    private static double rise(
            Backend backend,
            Computation f,
            Case arguments,
            Map<String, Values> seeds,
            String name,
            int index,
            double h) {
        Values x = value(arguments, name);
        Map<String, Values> high = Backward.forward(backend, f, arguments.with(name, x.with(index, x.at(index) + h)));
        Map<String, Values> low = Backward.forward(backend, f, arguments.with(name, x.with(index, x.at(index) - h)));
        double sum = 0;
        for (Map.Entry<String, Values> seed : seeds.entrySet()) {
            double[] up = high.getOrDefault(seed.getKey(), seed.getValue()).elements();
            double[] down = low.getOrDefault(seed.getKey(), seed.getValue()).elements();
            for (int i = 0; i < up.length; i++) {
                sum += seed.getValue().at(i) * (up[i] - down[i]);
            }
        }
        return sum;
    }

    private static Values value(Case arguments, String name) {
        Values x = arguments.values().get(name);
        if (x == null) {
            throw new IllegalArgumentException("a case has no tensor " + name);
        }
        return x;
    }
}

package deepflow.oracle.verification;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.Module;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Random arguments of a check, the same for the same extents and seed: uniform numbers with mean 0 and variance 1.
public final class Draw {
    private static final double HALF_WIDTH = Math.sqrt(3);

    private final Extents extents;
    private final SplittableRandom random;
    private final Tape tape;

    /// @param backend evaluates
    /// @param extents sizes to use
    /// @param seed decides the numbers
    public Draw(Backend backend, Extents extents, long seed) {
        this.extents = extents;
        this.random = new SplittableRandom(seed);
        this.tape = Tape.inference(backend);
    }

    /// What evaluates.
    public Backend backend() {
        return tape.backend();
    }

    /// Sizes to use.
    public Extents extents() {
        return extents;
    }

    /// A tape that does not record.
    public Tape tape() {
        return tape;
    }

    /// A number between −√3 and √3.
    public double number() {
        return random.nextDouble(-HALF_WIDTH, HALF_WIDTH);
    }

    /// A whole number from 0 to `bound` − 1.
    public int index(int bound) {
        return random.nextInt(bound);
    }

    /// Numbers in a shape.
    public Values values(Shape shape) {
        return scaled(shape, 0, 1);
    }

    /// A constant of this draw's tape.
    public Variable variable(Shape shape) {
        return constant(values(shape));
    }

    /// A constant of this draw's tape with these values.
    public Variable constant(Values values) {
        return tape.constant(values.on(backend()));
    }

    /// N times in [0, 1).
    public Values times() {
        double[] t = new double[extents.samples()];
        for (int i = 0; i < t.length; i++) {
            t[i] = random.nextDouble();
        }
        return Values.of(Shape.of(t.length), t);
    }

    /// (N, C, H, H + 1).
    public Shape image() {
        return Shape.of(extents.samples(), extents.channels(), extents.side(), extents.side() + 1);
    }

    /// (N, T, width).
    public Shape tokens(int width) {
        return Shape.of(extents.samples(), extents.tokens(), width);
    }

    /// The numbers 0 … n − 1 in some order.
    public List<Integer> permutation(int n) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            order.add(index(i + 1), i);
        }
        return order;
    }

    /// Numbers for all parameters of a module by name: matrices scaled to keep the size of what passes, none of them
    /// zero.
    public Map<String, Values> weights(Module module) {
        Map<String, Values> weights = new LinkedHashMap<>();
        for (ParameterSpec spec : Declarations.of(module)) {
            weights.put(spec.name(), weight(spec));
        }
        return weights;
    }

    private Values weight(ParameterSpec spec) {
        Shape s = spec.shape();
        if (s.rank() > 1) {
            return scaled(s, 0, 1 / Math.sqrt(s.size() / (double) Math.max(1, s.dim(0))));
        }
        return scaled(s, spec.name().endsWith("norm.weight") ? 1 : 0, 0.3);
    }

    /// The root context of a module with these parameters, on this draw's tape.
    public Context context(Module module, Map<String, Values> weights) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        weights.forEach((name, v) -> tensors.put(name, v.on(backend())));
        return Context.root(tape, Parameters.on(tape, Declarations.of(module), tensors), TraceListener.NONE);
    }

    private Values scaled(Shape shape, double mean, double deviation) {
        double[] x = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < x.length; i++) {
            x[i] = mean + deviation * number();
        }
        return Values.of(shape, x);
    }
}

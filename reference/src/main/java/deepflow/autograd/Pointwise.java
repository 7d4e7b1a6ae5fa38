package deepflow.autograd;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Arrays;

/// Operations element by element, and their derivatives. In the two-argument ones `y` is broadcast to the shape of
/// `x` (equal rank, each extent equal or 1), and its gradient is summed back ([Backend#sumTo]).
public final class Pointwise {
    /// Smaller than every root of a float32 number but that of 0, and a normal number in both precisions.
    private static final double TINY = 0x1p-126;

    private Pointwise() {}

    /// x + y.
    public static Variable add(Variable x, Variable y) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.add(x.value(), y.value()),
                        dz -> { // z = x + y
                            x.accumulate(() -> dz);
                            y.accumulate(() -> sumTo(b, dz, y.shape()));
                        },
                        x,
                        y);
    }

    /// x − y.
    public static Variable subtract(Variable x, Variable y) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.subtract(x.value(), y.value()),
                        dz -> { // z = x − y
                            x.accumulate(() -> dz);
                            y.accumulate(() -> b.scale(sumTo(b, dz, y.shape()), -1));
                        },
                        x,
                        y);
    }

    /// x · y.
    public static Variable multiply(Variable x, Variable y) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.multiply(x.value(), y.value()),
                        dz -> { // z = x·y
                            x.accumulate(() -> b.multiply(dz, y.value()));
                            y.accumulate(() -> sumTo(b, b.multiply(dz, x.value()), y.shape()));
                        },
                        x,
                        y);
    }

    /// x / y.
    public static Variable divide(Variable x, Variable y) {
        Backend b = x.backend();
        Tensor z = b.divide(x.value(), y.value());
        return x.tape()
                .record(
                        z,
                        dz -> { // z = x/y, ∂z/∂y = −z/y
                            x.accumulate(() -> b.divide(dz, y.value()));
                            y.accumulate(() ->
                                    b.scale(sumTo(b, b.divide(b.multiply(dz, z), y.value()), y.shape()), -1));
                        },
                        x,
                        y);
    }

    /// x · factor.
    public static Variable scale(Variable x, double factor) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.scale(x.value(), factor),
                        dy -> x.accumulate(() -> b.scale(dy, factor)), // y = x·factor
                        x);
    }

    /// x + addend, the addend a number.
    public static Variable add(Variable x, double addend) {
        return add(x, x.tape().constant(ones(x), addend));
    }

    /// √x; where x = 0 the gradient is 0, as PyTorch's norms have it.
    public static Variable sqrt(Variable x) {
        Backend b = x.backend();
        Tensor y = b.sqrt(x.value());
        return x.tape()
                .record(
                        y,
                        dy -> x.accumulate(
                                () -> { // y = √x, dx = ½·dy/y, and 0 where y = 0
                                    Tensor safe = b.clamp(y, TINY, Double.POSITIVE_INFINITY);
                                    return b.clampBackward(
                                            y, TINY, Double.POSITIVE_INFINITY, b.scale(b.divide(dy, safe), 0.5));
                                }),
                        x);
    }

    /// x·σ(x).
    public static Variable silu(Variable x) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.silu(x.value()),
                        dy -> x.accumulate(() -> b.siluBackward(x.value(), dy)), // y = silu(x)
                        x);
    }

    /// GELU, tanh form.
    public static Variable gelu(Variable x) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.gelu(x.value()),
                        dy -> x.accumulate(() -> b.geluBackward(x.value(), dy)), // y = gelu(x)
                        x);
    }

    /// min(max(x, low), high); outside the interval the gradient is 0, on its ends 1.
    public static Variable clamp(Variable x, double low, double high) {
        Backend b = x.backend();
        return x.tape()
                .record(
                        b.clamp(x.value(), low, high),
                        dy -> x.accumulate(() -> b.clampBackward(x.value(), low, high, dy)), // y = clamp(x)
                        x);
    }

    /// The transpose of broadcasting; nothing to do where nothing was broadcast.
    private static Tensor sumTo(Backend b, Tensor x, Shape to) {
        return x.shape().equals(to) ? x : b.sumTo(x, to);
    }

    private static Shape ones(Variable x) {
        int[] dims = new int[x.shape().rank()];
        Arrays.fill(dims, 1);
        return Shape.of(dims);
    }
}

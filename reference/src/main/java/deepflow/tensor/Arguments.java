package deepflow.tensor;

import java.util.Arrays;
import java.util.List;

/// What every [Backend] asks of its arguments, in one place, so that all back ends refuse the same things with the
/// same sentence. Each method throws [IllegalArgumentException] naming the operation, what it expects and what it
/// got; those that have something to compute return the result's shape.
public final class Arguments {
    private Arguments() {}

    /// Every tensor has this floating type.
    public static void floating(String operation, DType dtype, Tensor... tensors) {
        for (Tensor t : tensors) {
            if (t.dtype() != dtype) {
                throw new IllegalArgumentException(
                        operation + " expects " + dtype + ", got " + t.dtype() + " of shape " + t.shape());
            }
        }
    }

    /// The tensor holds indices: rank 1, type I32.
    public static void indices(String operation, Tensor indices) {
        if (indices.dtype() != DType.I32 || indices.shape().rank() != 1) {
            throw new IllegalArgumentException(operation + " expects indices of type I32 and shape (N), got "
                    + indices.dtype() + " of shape " + indices.shape());
        }
    }

    /// As many values as the shape has elements.
    public static void values(String operation, int count, Shape shape) {
        if (count != shape.size()) {
            throw new IllegalArgumentException(
                    operation + " expects " + shape.size() + " values for shape " + shape + ", got " + count);
        }
    }

    /// As many values as the shape has elements, and indices of one axis, as many as it has elements.
    public static void order(String operation, int count, Shape shape, int axis, int[] order) {
        values(operation, count, shape);
        int along = shape.dim(axis(operation, shape, axis));
        if (order.length != along || Arrays.stream(order).anyMatch(i -> i < 0 || i >= along)) {
            throw new IllegalArgumentException(operation + " expects " + along + " indices below " + along
                    + " for axis " + axis + " of shape " + shape + ", got "
                    + (order.length == along ? "one beyond it" : order.length));
        }
    }

    /// Equal shapes.
    public static void same(String operation, Tensor expected, Tensor actual) {
        shape(operation, expected.shape(), actual);
    }

    /// Exactly this shape.
    public static void shape(String operation, Shape expected, Tensor actual) {
        if (!actual.shape().equals(expected)) {
            throw new IllegalArgumentException(operation + " expects shape " + expected + ", got " + actual.shape());
        }
    }

    /// `y` broadcasts to the shape of `x`.
    public static void broadcasts(String operation, Tensor x, Tensor y) {
        if (!y.shape().broadcastsTo(x.shape())) {
            throw new IllegalArgumentException(
                    operation + " expects a second argument that broadcasts to " + x.shape() + ", got " + y.shape());
        }
    }

    /// At least one axis: an operation on rows.
    public static void rows(String operation, Tensor x) {
        if (x.shape().rank() < 1) {
            throw new IllegalArgumentException(operation + " expects rows (…, D), got a scalar");
        }
    }

    /// `low` ≤ `high`, neither NaN.
    public static void bounds(String operation, double low, double high) {
        if (!(low <= high)) {
            throw new IllegalArgumentException(operation + " expects low ≤ high, got " + low + " and " + high);
        }
    }

    /// Shapes of [Backend#matmul].
    ///
    /// @return (…, M, N)
    public static Shape matmul(Shape a, boolean transposeA, Shape b, boolean transposeB) {
        int r = a.rank();
        boolean fits = r >= 2 && b.rank() == r && a.dim(transposeA ? -2 : -1) == b.dim(transposeB ? -1 : -2);
        for (int i = 0; fits && i < r - 2; i++) {
            fits = a.dim(i) == b.dim(i);
        }
        if (!fits) {
            throw new IllegalArgumentException("matmul expects " + (transposeA ? "(…, K, M)" : "(…, M, K)") + " and "
                    + (transposeB ? "(…, N, K)" : "(…, K, N)") + ", got " + a + " and " + b);
        }
        return a.with(r - 2, a.dim(transposeA ? -1 : -2)).with(r - 1, b.dim(transposeB ? -2 : -1));
    }

    /// Shapes of [Backend#linear] without its bias.
    ///
    /// @return (…, O)
    public static Shape linear(Shape x, Shape w) {
        if (x.rank() < 1 || w.rank() != 2 || w.dim(1) != x.dim(-1)) {
            throw new IllegalArgumentException("linear expects (…, I) and weights (O, I), got " + x + " and " + w);
        }
        return x.with(-1, w.dim(0));
    }

    /// Shapes of attention over heads side by side: q (N, T, D), k and v (N, S, D), D divisible by the heads.
    public static void heads(Shape q, Shape k, Shape v, int heads) {
        boolean fits = q.rank() == 3 && k.equals(v) && q.with(1, 0).equals(k.rank() == 3 ? k.with(1, 0) : k);
        if (!fits || heads < 1 || q.dim(2) % heads != 0) {
            throw new IllegalArgumentException("attention expects (N, T, D), (N, S, D), (N, S, D) and D divisible by "
                    + heads + " heads, got " + q + ", " + k + " and " + v);
        }
    }

    /// The shape (N, T, D) of queries, keys and values that lie side by side in (N, T, 3·D).
    public static Shape packedHeads(Shape qkv, int heads) {
        if (qkv.rank() != 3 || heads < 1 || qkv.dim(2) % (3 * heads) != 0) {
            throw new IllegalArgumentException(
                    "attention expects (N, T, 3·D) and D divisible by " + heads + " heads, got " + qkv);
        }
        return qkv.with(2, qkv.dim(2) / 3);
    }

    /// Shapes of an operation on tokens with a vector for each sample: x (N, T, D), v (N, D).
    ///
    /// @return (N, 1, D)
    public static Shape perToken(String operation, Shape x, Tensor... vectors) {
        for (Tensor v : vectors) {
            Shape s = v.shape();
            if (x.rank() != 3 || s.rank() != 2 || s.dim(0) != x.dim(0) || s.dim(1) != x.dim(2)) {
                throw new IllegalArgumentException(
                        operation + " expects (N, T, D) and a vector (N, D) for each sample, got " + x + " and " + s);
            }
        }
        return x.with(1, 1);
    }

    /// Arguments of [Backend#layerNormBackward].
    public static void layerNormBackward(DType dtype, Normalized forward, Tensor dy) {
        floating("layerNormBackward", dtype, forward.y(), forward.rstd(), dy);
        rows("layerNormBackward", dy);
        same("layerNormBackward", forward.y(), dy);
        shape("layerNormBackward", dy.shape().with(-1, 1), forward.rstd());
    }

    /// Arguments of [Backend#adamW].
    public static void adamW(DType dtype, Tensor w, Tensor g, Tensor m, Tensor v) {
        floating("adamW", dtype, w, g, m, v);
        same("adamW", w, g);
        same("adamW", w, m);
        same("adamW", w, v);
    }

    /// Arguments of [Backend#train].
    public static void train(DType dtype, Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema) {
        adamW(dtype, w, g, m, v);
        floating("train", dtype, factor, ema);
        shape("train", Shape.SCALAR, factor);
        same("train", w, ema);
    }

    /// Shapes of [Backend#sumTo].
    public static void sumTo(Shape x, Shape to) {
        if (!to.broadcastsTo(x)) {
            throw new IllegalArgumentException("sumTo expects a target that broadcasts to " + x + ", got " + to);
        }
    }

    /// Shapes of [Backend#permute].
    public static Shape permute(Shape x, int... axes) {
        int[] d = new int[axes.length];
        boolean fits = axes.length == x.rank();
        long seen = 0;
        for (int i = 0; fits && i < axes.length; i++) {
            fits = axes[i] >= 0 && axes[i] < axes.length && (seen >>> axes[i] & 1) == 0;
            if (fits) {
                seen |= 1L << axes[i];
                d[i] = x.dim(axes[i]);
            }
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "permute expects each axis of " + x + " once, got " + Arrays.toString(axes));
        }
        return Shape.of(d);
    }

    /// Shapes of [Backend#concat].
    public static Shape concat(int axis, List<Tensor> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("concat expects at least one part, got none");
        }
        Shape first = parts.getFirst().shape();
        int a = axis("concat", first, axis);
        long total = 0;
        for (Tensor part : parts) {
            Shape s = part.shape();
            if (s.rank() != first.rank() || !s.with(a, first.dim(a)).equals(first)) {
                throw new IllegalArgumentException(
                        "concat along axis " + a + " expects parts like " + first + ", got " + s);
            }
            total += s.dim(a);
        }
        return first.with(a, Math.toIntExact(total));
    }

    /// Shapes of [Backend#slice].
    public static Shape slice(Shape x, int axis, int from, int to) {
        int a = axis("slice", x, axis);
        if (from < 0 || from > to || to > x.dim(a)) {
            throw new IllegalArgumentException("slice expects 0 ≤ from ≤ to ≤ " + x.dim(a) + " on axis " + a + " of "
                    + x + ", got " + from + " to " + to);
        }
        return x.with(a, to - from);
    }

    /// Shapes of [Backend#gather].
    public static Shape gather(Shape table, Shape indices) {
        if (table.rank() != 2) {
            throw new IllegalArgumentException("gather expects a table (V, D), got " + table);
        }
        return table.with(0, indices.dim(0));
    }

    /// Shapes of [Backend#gatherBackward].
    public static Shape gatherBackward(Shape dy, Shape indices, int rows) {
        if (dy.rank() != 2 || dy.dim(0) != indices.dim(0) || rows < 0) {
            throw new IllegalArgumentException("gatherBackward expects (N, D), indices (N) and V ≥ 0, got " + dy + ", "
                    + indices + " and " + rows);
        }
        return dy.with(0, rows);
    }

    /// A non-negative axis number of a shape; −1 is the last.
    public static int axis(String operation, Shape x, int axis) {
        if (axis < -x.rank() || axis >= x.rank()) {
            throw new IllegalArgumentException(operation + " expects an axis of " + x + ", got " + axis);
        }
        return x.axis(axis);
    }
}

package deepflow.cpu;

import static deepflow.cpu.MemoryF64.values;

import deepflow.cpu.AttentionF64.Heads;
import deepflow.tensor.Arguments;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;

/// The attention operations of a back end: they check arguments, allocate results, and share the heads out. Nothing
/// is saved for the backward.
final class AttentionOperationsF64 {
    private static final DType TYPE = MemoryF64.TYPE;
    private static final int PRODUCTS = 2;
    private static final int PRODUCTS_BACKWARD = 5;

    private final Threads threads;
    private final MemoryF64 memory;

    AttentionOperationsF64(Threads threads, MemoryF64 memory) {
        this.threads = threads;
        this.memory = memory;
    }

    /// Heads of a tensor (N, T, D).
    private static Heads heads(double[] data, Shape shape) {
        return new Heads(data, shape.dim(1) * shape.dim(2), shape.dim(2), 0);
    }

    /// Heads of queries (0), keys (1) or values (2) in (N, T, 3·D), `shape` being (N, T, D).
    private static Heads part(double[] packed, Shape shape, int which) {
        int d = shape.dim(2);
        return new Heads(packed, 3 * shape.dim(1) * d, 3 * d, which * d);
    }

    private static AttentionF64 kernel(Shape q, int keys, int heads, double scale) {
        return new AttentionF64(heads, q.dim(1), keys, q.dim(2) / heads, scale);
    }

    private void forward(AttentionF64 kernel, int count, Heads q, Heads k, Heads v, Heads out) {
        threads.split(
                count, kernel.cost(PRODUCTS), 1, (from, to) -> kernel.forward(memory.pool(), q, k, v, out, from, to));
    }

    private void backward(
            AttentionF64 kernel, int count, Heads q, Heads k, Heads v, Heads dout, Heads dq, Heads dk, Heads dv) {
        threads.split(
                count,
                kernel.cost(PRODUCTS_BACKWARD),
                1,
                (from, to) -> kernel.backward(memory.pool(), q, k, v, dout, dq, dk, dv, from, to));
    }

    Attended attention(Tensor q, Tensor k, Tensor v, int heads, double scale) { // keep
        Arguments.floating("attention", TYPE, q, k, v);
        Arguments.heads(q.shape(), k.shape(), v.shape(), heads);
        double[] out = memory.array(q.shape());
        forward(
                kernel(q.shape(), k.shape().dim(1), heads, FormatF64.round(scale)),
                q.shape().dim(0) * heads,
                heads(values(q), q.shape()),
                heads(values(k), k.shape()),
                heads(values(v), v.shape()),
                heads(out, q.shape()));
        Tensor y = memory.tensor(q.shape(), out);
        return new Attended(y, y);
    }

    AttentionGradients attentionBackward(Tensor q, Tensor k, Tensor v, int heads, double scale, Tensor dout) { // keep
        Arguments.floating("attentionBackward", TYPE, q, k, v, dout);
        Arguments.heads(q.shape(), k.shape(), v.shape(), heads);
        Arguments.same("attentionBackward", q, dout);
        double[] dq = memory.array(q.shape());
        double[] dk = memory.array(k.shape());
        double[] dv = memory.array(v.shape());
        backward(
                kernel(q.shape(), k.shape().dim(1), heads, FormatF64.round(scale)),
                q.shape().dim(0) * heads,
                heads(values(q), q.shape()),
                heads(values(k), k.shape()),
                heads(values(v), v.shape()),
                heads(values(dout), q.shape()),
                heads(dq, q.shape()),
                heads(dk, k.shape()),
                heads(dv, v.shape()));
        return new AttentionGradients(
                memory.tensor(q.shape(), dq), memory.tensor(k.shape(), dk), memory.tensor(v.shape(), dv));
    }

    Attended selfAttention(Tensor qkv, int heads, double scale) { // keep
        Arguments.floating("attention", TYPE, qkv);
        Shape shape = Arguments.packedHeads(qkv.shape(), heads);
        double[] packed = values(qkv);
        double[] out = memory.array(shape);
        forward(
                kernel(shape, shape.dim(1), heads, FormatF64.round(scale)),
                shape.dim(0) * heads,
                part(packed, shape, 0),
                part(packed, shape, 1),
                part(packed, shape, 2),
                heads(out, shape));
        Tensor y = memory.tensor(shape, out);
        return new Attended(y, y);
    }

    Tensor selfAttentionBackward(Tensor qkv, int heads, double scale, Tensor dout) { // keep
        Arguments.floating("attentionBackward", TYPE, qkv, dout);
        Shape shape = Arguments.packedHeads(qkv.shape(), heads);
        Arguments.shape("attentionBackward", shape, dout);
        double[] packed = values(qkv);
        double[] gradient = memory.array(qkv.shape());
        backward(
                kernel(shape, shape.dim(1), heads, FormatF64.round(scale)),
                shape.dim(0) * heads,
                part(packed, shape, 0),
                part(packed, shape, 1),
                part(packed, shape, 2),
                heads(values(dout), shape),
                part(gradient, shape, 0),
                part(gradient, shape, 1),
                part(gradient, shape, 2));
        return memory.tensor(qkv.shape(), gradient);
    }
}

package deepflow.gpu;

import deepflow.gpu.Products.Extents;
import deepflow.gpu.device.DeviceMemory.Block;
import deepflow.tensor.Arguments;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

/// Scaled dot-product attention: two products and a softmax, heads cut and joined by permutations. It has the
/// bits of the composition in [deepflow.tensor.Backend], in less memory: scores become probabilities in place,
/// and what is only needed on the way is given back at once.
///
/// The probabilities are kept for the gradients: N·h·T·S elements.
final class Attention {
    private final Tensors tensors;
    private final Layouts layouts;
    private final Pointwise pointwise;
    private final Products products;
    private final Rows rows;

    Attention(Tensors tensors, Layouts layouts, Pointwise pointwise, Products products, Rows rows) {
        this.tensors = tensors;
        this.layouts = layouts;
        this.pointwise = pointwise;
        this.products = products;
        this.rows = rows;
    }

    /// Extents of one attention: `batch` counts samples and heads, `t` queries, `s` keys, `d` channels of a
    /// head.
    private record Heads(int samples, int heads, int t, int s, int d) {
        int batch() {
            return Math.multiplyExact(samples, heads);
        }

        Shape probabilities() {
            return Shape.of(batch(), t, s);
        }

        /// Heads side by side, as tensors have them.
        Shape beside(int tokens) {
            return Shape.of(samples, tokens, heads, d);
        }

        /// Heads one after the other, as products need them.
        Shape apart(int tokens) {
            return Shape.of(samples, heads, tokens, d);
        }
    }

    private static Heads heads(Tensor q, Tensor k, int heads) {
        Shape s = q.shape();
        return new Heads(s.dim(0), heads, s.dim(1), k.shape().dim(1), s.dim(2) / heads);
    }

    private static Heads packed(Tensor qkv, int heads) {
        Shape s = qkv.shape();
        return new Heads(s.dim(0), heads, s.dim(1), s.dim(1), s.dim(2) / 3 / heads);
    }

    // ---- queries, keys and values apart ---------------------------------------------------------------------

    Attended attend(Tensor q, Tensor k, Tensor v, int heads, double scale) {
        Arguments.floating("attention", tensors.type(), q, k, v);
        Arguments.heads(q.shape(), k.shape(), v.shape(), heads);
        Heads h = heads(q, k, heads);
        Block cutQ = cut(q, h);
        Block cutK = cut(k, h);
        Block cutV = cut(v, h);
        Attended out = attend(h, cutQ.address(), cutK.address(), cutV.address(), scale, q.shape());
        give(cutQ, cutK, cutV);
        return out;
    }

    AttentionGradients gradients(Tensor q, Tensor k, Tensor v, int heads, double scale, Attended forward, Tensor dout) {
        Arguments.floating("attentionBackward", tensors.type(), q, k, v, forward.saved(), dout);
        Arguments.heads(q.shape(), k.shape(), v.shape(), heads);
        Arguments.same("attentionBackward", q, dout);
        Heads h = heads(q, k, heads);
        Block cutQ = cut(q, h);
        Block cutK = cut(k, h);
        Block cutV = cut(v, h);
        Block dq = tensors.scratch(q.size());
        Block dk = tensors.scratch(k.size());
        Block dv = tensors.scratch(v.size());
        gradients(h, new long[] {cutQ.address(), cutK.address(), cutV.address()}, scale, forward, dout, new long[] {
            dq.address(), dk.address(), dv.address()
        });
        give(cutQ, cutK, cutV);
        return new AttentionGradients(join(dq, h, q.shape()), join(dk, h, k.shape()), join(dv, h, v.shape()));
    }

    /// (N, T, h·d) → (N, h, T, d)
    private Block cut(Tensor x, Heads h) {
        return layouts.permuted(tensors.address(x), h.beside(x.shape().dim(1)), 0, 2, 1, 3);
    }

    /// The inverse; gives the memory back.
    private Tensor join(Block x, Heads h, Shape to) {
        Block joined = layouts.permuted(x.address(), h.apart(to.dim(1)), 0, 2, 1, 3);
        tensors.give(x);
        return tensors.wrap(to, joined);
    }

    private void give(Block... blocks) {
        for (Block block : blocks) {
            tensors.give(block);
        }
    }

    // ---- among the tokens of one sequence: (N, T, 3, h, d) ---------------------------------------------------

    Attended attendSelf(Tensor qkv, int heads, double scale) {
        Arguments.floating("attention", tensors.type(), qkv);
        Shape out = Arguments.packedHeads(qkv.shape(), heads);
        Heads h = packed(qkv, heads);
        Block cut = cutPacked(qkv, h);
        long[] parts = parts(cut, h);
        Attended attended = attend(h, parts[0], parts[1], parts[2], scale, out);
        tensors.give(cut);
        return attended;
    }

    Tensor gradientOfSelf(Tensor qkv, int heads, double scale, Attended forward, Tensor dout) {
        Arguments.floating("attentionBackward", tensors.type(), qkv, forward.saved(), dout);
        Arguments.shape("attentionBackward", Arguments.packedHeads(qkv.shape(), heads), dout);
        Heads h = packed(qkv, heads);
        Block cut = cutPacked(qkv, h);
        Block gradient = tensors.scratch(qkv.size());
        gradients(h, parts(cut, h), scale, forward, dout, parts(gradient, h));
        tensors.give(cut);
        Shape apart = Shape.of(3, h.samples(), h.heads(), h.t(), h.d());
        Block joined = layouts.permuted(gradient.address(), apart, 1, 3, 0, 2, 4);
        tensors.give(gradient);
        return tensors.wrap(qkv.shape(), joined);
    }

    private Block cutPacked(Tensor qkv, Heads h) {
        Shape beside = Shape.of(h.samples(), h.t(), 3, h.heads(), h.d());
        return layouts.permuted(tensors.address(qkv), beside, 2, 0, 3, 1, 4);
    }

    private long[] parts(Block packed, Heads h) {
        long bytes = tensors.bytes(h.apart(h.t()).size());
        return new long[] {packed.address(), packed.address() + bytes, packed.address() + 2 * bytes};
    }

    // ---- heads one after the other --------------------------------------------------------------------------

    /// p = softmax(scale·q·kᵀ), out = p·v.
    private Attended attend(Heads h, long q, long k, long v, double scale, Shape to) {
        Tensor p = tensors.create(h.probabilities());
        long scores = tensors.address(p);
        products.multiply(new Extents(h.batch(), h.t(), h.s(), h.d()), scale, q, false, k, true, scores);
        rows.softmax(scores, scores, (long) h.batch() * h.t(), h.s());
        Block out = tensors.scratch(to.size());
        products.multiply(new Extents(h.batch(), h.t(), h.d(), h.s()), 1, scores, false, v, false, out.address());
        return new Attended(join(out, h, to), p);
    }

    /// dv = pᵀ·dout, ds = scale·softmaxBackward(p, dout·vᵀ), dq = ds·k, dk = dsᵀ·q.
    ///
    /// @param qkv addresses of queries, keys, values
    /// @param to addresses of their gradients
    private void gradients(Heads h, long[] qkv, double scale, Attended forward, Tensor dout, long[] to) {
        Arguments.shape("attentionBackward", h.probabilities(), forward.saved());
        long p = tensors.address(forward.saved());
        Block dy = cut(dout, h);
        Block ds = tensors.scratch(h.probabilities().size());
        Extents keys = new Extents(h.batch(), h.s(), h.d(), h.t());
        products.multiply(keys, 1, p, true, dy.address(), false, to[2]);
        Extents scores = new Extents(h.batch(), h.t(), h.s(), h.d());
        products.multiply(scores, 1, dy.address(), false, qkv[2], true, ds.address());
        rows.softmaxBackward(p, ds.address(), ds.address(), (long) h.batch() * h.t(), h.s());
        pointwise.scaleInPlace(ds.address(), h.probabilities().size(), scale);
        Extents queries = new Extents(h.batch(), h.t(), h.d(), h.s());
        products.multiply(queries, 1, ds.address(), false, qkv[1], false, to[0]);
        products.multiply(keys, 1, ds.address(), true, qkv[0], false, to[1]);
        give(dy, ds);
    }
}

package deepflow.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// The operations that every model, loss, optimizer and sampler of this project is made of, forward and backward,
/// evaluated in one floating type on one device.
///
/// **Contract**, held by the conformance suite for every implementation:
/// - Floating arguments have this back end's [#dtype]; index arguments are [DType#I32]. Anything else, or a shape
///   that does not fit, is an [IllegalArgumentException] whose sentence names operation, expected and actual shape.
/// - Results are new tensors, unless the operation says "in place". Arguments are never changed otherwise.
/// - Same arguments → the same bits, whatever the thread count, vector width or JIT state. An output element
///   depends on the elements the formula names and on nothing else: appending a sample to a batch changes no bit
///   of the others. Sums run in a fixed order that depends only on the shapes.
/// - NaN and infinities propagate as the formulas say, in IEEE arithmetic; a NaN result is the canonical quiet NaN.
/// - A `double` argument (factor, ε …) is rounded to [#dtype] once, before use.
/// - An instance is used by one thread at a time; it may use others inside an operation.
///
/// Backward operations take the gradient of the loss with respect to the forward's output (`dy`) and return the
/// gradient with respect to an input (a vector-Jacobian product).
public interface Backend extends AutoCloseable {
    /// A short name for reports: `cpu-f64`.
    String name();

    /// The floating type this back end computes in: [DType#F64] or [DType#F32].
    DType dtype();

    /// What the factors of matrix products are rounded to.
    default ProductPrecision productPrecision() {
        return ProductPrecision.FULL;
    }

    /// Waits until everything that was asked for is computed. Only who measures time needs it: operations may return
    /// before they are done, but [#download] does not.
    default void synchronize() {}

    // ---- memory ---------------------------------------------------------------------------------------------

    /// Bytes that tensors may take in a memory of the device's own; empty where they are in the JVM's heap.
    default OptionalLong memory() {
        return OptionalLong.empty();
    }

    /// A tensor of type [#dtype] with these values in row-major order, each rounded to nearest even.
    Tensor upload(double[] values, Shape shape);

    /// An [DType#I32] tensor with these values.
    Tensor uploadIndices(int[] values, Shape shape);

    /// The elements in row-major order, widened exactly.
    double[] download(Tensor x);

    /// As [#upload], and the array is the back end's from now on: the caller neither reads nor writes it again. Saves a
    /// copy where the back end can keep it.
    default Tensor adopt(double[] values, Shape shape) {
        return upload(values, shape);
    }

    /// As [#upload], the elements along one axis in another order: the i-th along it is the `order[i]`-th of the
    /// values.
    ///
    /// @param axis −1 is the last
    /// @param order an index within the axis for each element along it
    default Tensor upload(double[] values, Shape shape, int axis, int[] order) {
        Arguments.order("upload", values.length, shape, axis, order);
        int width = shape.product(shape.axis(axis) + 1, shape.rank());
        double[] ordered = new double[values.length];
        for (int to = 0; to < ordered.length; to += width) {
            int line = to / width;
            int among = line % order.length;
            System.arraycopy(values, (line - among + order[among]) * width, ordered, to, width);
        }
        return adopt(ordered, shape);
    }

    /// As [#download], into the beginning of an array of the caller's.
    default void download(Tensor x, double[] into) {
        double[] values = download(x);
        System.arraycopy(values, 0, into, 0, values.length);
    }

    /// An array of so many elements, which may be anything, for who will hand it over with [#adopt]: where the back end
    /// has arrays that are idle, one of them. Like those of a tensor that was [taken][#take] it is the caller's.
    default double[] array(int elements) {
        return new double[elements];
    }

    /// Takes an array back that [#array] or [#take] gave and nobody needs any more. A hint, as [#release] is.
    default void giveBack(double[] array) {}

    /// As [#download], but the array may be the tensor's own: it is read only, and no longer than the tensor lives.
    /// Saves a copy where the tensor is such an array.
    default double[] elements(Tensor x) {
        return download(x);
    }

    /// As [#download], and the tensor is given up as by [#release]: the array is the caller's, and may be what the
    /// tensor was made of.
    default double[] take(Tensor x) {
        double[] values = download(x);
        release(x);
        return values;
    }

    /// A tensor of type [#dtype] whose elements all are `value`.
    Tensor full(Shape shape, double value);

    /// A new tensor with the same elements in a storage of its own.
    Tensor copy(Tensor x);

    /// Gives a tensor up before its arena closes: neither it nor one that shares its storage is read again. The back
    /// end may use the memory at once; one that has no use for the hint ignores it.
    default void release(Tensor x) {}

    /// Opens an arena: what is allocated from now on is freed when it closes.
    Arena arena();

    /// Ends worker threads and frees what is left.
    @Override
    void close();

    /// `x` in the element type of `like`, for back ends whose tensors differ in it: a gradient has the type of what it
    /// is a gradient of. With one type for all there is nothing to do.
    default Tensor inTypeOf(Tensor x, Tensor like) {
        return x;
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    /// x + y, with `y` broadcast to the shape of `x` ([Shape#broadcastsTo]).
    Tensor add(Tensor x, Tensor y);

    /// x − y, with `y` broadcast to the shape of `x`.
    Tensor subtract(Tensor x, Tensor y);

    /// x · y, with `y` broadcast to the shape of `x`.
    Tensor multiply(Tensor x, Tensor y);

    /// x / y, with `y` broadcast to the shape of `x`.
    Tensor divide(Tensor x, Tensor y);

    /// x · factor.
    Tensor scale(Tensor x, double factor);

    /// √x.
    Tensor sqrt(Tensor x);

    /// sin x, correctly rounded for all but about one argument in 10⁸ and the same bits everywhere. For small
    /// tensors: it need not be fast.
    Tensor sin(Tensor x);

    /// cos x, as [#sin].
    Tensor cos(Tensor x);

    /// x·σ(x) = x / (1 + e⁻ˣ).
    Tensor silu(Tensor x);

    /// dx = dy · σ(x)·(1 + x·(1 − σ(x))).
    Tensor siluBackward(Tensor x, Tensor dy);

    /// GELU in its tanh form: ½·x·(1 + tanh u) = x·σ(2u), u = √(2/π)·(x + 0.044715·x³).
    Tensor gelu(Tensor x);

    /// dx = dy · (½·(1 + tanh u) + ½·x·(1 − tanh² u)·√(2/π)·(1 + 3·0.044715·x²)), u as in [#gelu].
    Tensor geluBackward(Tensor x, Tensor dy);

    /// min(max(x, low), high); NaN stays NaN. `low` may be −∞ and `high` +∞.
    Tensor clamp(Tensor x, double low, double high);

    /// dx = dy where low ≤ x ≤ high, else 0.
    Tensor clampBackward(Tensor x, double low, double high, Tensor dy);

    // ---- products -------------------------------------------------------------------------------------------

    /// op(a)·op(b), batch by batch; op transposes the last two axes where the flag says so.
    ///
    /// @param a (…, M, K), or (…, K, M) if `transposeA`
    /// @param b (…, K, N), or (…, N, K) if `transposeB`; the same leading extents as `a`
    /// @return (…, M, N), each element a sum over K in increasing order of k, by fused multiply-add, in blocks of
    ///         a fixed size
    Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB);

    /// A linear layer: x·wᵀ + bias.
    ///
    /// @param x (…, I)
    /// @param w (O, I)
    /// @param bias (O), or null for none
    /// @return (…, O), the bits of [#matmul] followed by [#add]
    Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias);

    /// Scaled dot-product attention, softmax over the keys: out = softmax(scale·q·kᵀ)·v.
    ///
    /// @param q (B, T, d), B counts samples and heads
    /// @param k (B, S, d)
    /// @param v (B, S, d)
    /// @param scale usually 1/√d
    default Attended attention(Tensor q, Tensor k, Tensor v, double scale) {
        Tensor p = softmax(scale(matmul(q, false, k, true), scale));
        return new Attended(matmul(p, false, v, false), p);
    }

    /// Gradients of [#attention]: with p = softmax(scale·q·kᵀ), dv = pᵀ·dout, ds = softmaxBackward(p, dout·vᵀ),
    /// dq = scale·ds·k, dk = scale·dsᵀ·q.
    default AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
        Tensor p = forward.saved();
        Tensor dv = matmul(p, true, dout, false);
        Tensor ds = scale(softmaxBackward(p, matmul(dout, false, v, true)), scale);
        return new AttentionGradients(matmul(ds, false, k, false), matmul(ds, true, q, false), dv);
    }

    /// [#attention(Tensor, Tensor, Tensor, double)] of h heads that lie side by side: head i has columns i·D/h to
    /// (i + 1)·D/h of each argument and of the result. The bits of cutting, attending and putting together.
    ///
    /// @param q (N, T, D)
    /// @param k (N, S, D)
    /// @param v (N, S, D)
    /// @param heads h, divides D
    /// @param scale usually 1/√(D/h)
    default Attended attention(Tensor q, Tensor k, Tensor v, int heads, double scale) {
        Arguments.heads(q.shape(), k.shape(), v.shape(), heads);
        Attended a = attention(cutHeads(q, heads), cutHeads(k, heads), cutHeads(v, heads), scale);
        return new Attended(joinHeads(a.out(), q.shape(), heads), a.saved());
    }

    /// Gradients of [#attention(Tensor, Tensor, Tensor, int, double)].
    default AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, int heads, double scale, Attended forward, Tensor dout) {
        Arguments.heads(q.shape(), k.shape(), v.shape(), heads);
        Attended cut = new Attended(cutHeads(forward.out(), heads), forward.saved());
        AttentionGradients g = attentionBackward(
                cutHeads(q, heads), cutHeads(k, heads), cutHeads(v, heads), scale, cut, cutHeads(dout, heads));
        return new AttentionGradients(
                joinHeads(g.dq(), q.shape(), heads),
                joinHeads(g.dk(), k.shape(), heads),
                joinHeads(g.dv(), v.shape(), heads));
    }

    /// [#attention(Tensor, Tensor, Tensor, int, double)] among the tokens of one sequence.
    ///
    /// @param qkv queries, keys and values side by side (N, T, 3·D)
    /// @return (N, T, D)
    default Attended selfAttention(Tensor qkv, int heads, double scale) {
        int d = Arguments.packedHeads(qkv.shape(), heads).dim(2);
        return attention(slice(qkv, 2, 0, d), slice(qkv, 2, d, 2 * d), slice(qkv, 2, 2 * d, 3 * d), heads, scale);
    }

    /// Gradient of [#selfAttention] (N, T, 3·D).
    default Tensor selfAttentionBackward(Tensor qkv, int heads, double scale, Attended forward, Tensor dout) {
        int d = Arguments.packedHeads(qkv.shape(), heads).dim(2);
        AttentionGradients g = attentionBackward(
                slice(qkv, 2, 0, d), slice(qkv, 2, d, 2 * d), slice(qkv, 2, 2 * d, 3 * d), heads, scale, forward, dout);
        return concat(2, List.of(g.dq(), g.dk(), g.dv()));
    }

    /// (N, T, D) → (N·h, T, D/h).
    private Tensor cutHeads(Tensor x, int heads) {
        int n = x.shape().dim(0);
        int t = x.shape().dim(1);
        int d = x.shape().dim(2) / heads;
        return permute(x.reshape(n, t, heads, d), 0, 2, 1, 3).reshape(n * heads, t, d);
    }

    /// The inverse of [#cutHeads].
    private Tensor joinHeads(Tensor x, Shape to, int heads) {
        int d = to.dim(2) / heads;
        return permute(x.reshape(to.dim(0), heads, to.dim(1), d), 0, 2, 1, 3).reshape(to);
    }

    // ---- tokens of a sample, with a vector for each sample --------------------------------------------------

    /// z·(1 + scale) + shift.
    ///
    /// @param z (N, T, D)
    /// @param shift (N, D)
    /// @param scale (N, D)
    /// @return (N, T, D), the bits of the three operations
    default Tensor modulate(Tensor z, Tensor shift, Tensor scale) {
        Shape perToken = Arguments.perToken("modulate", z.shape(), shift, scale);
        Tensor factor = add(scale, full(Shape.of(1, 1), 1));
        return add(multiply(z, factor.reshape(perToken)), shift.reshape(perToken));
    }

    /// Gradients of [#modulate]: dz = dy·(1 + scale), dshift = Σ dy, dscale = Σ dy·z, sums over the tokens.
    default ModulationGradients modulateBackward(Tensor z, Tensor scale, Tensor dy) {
        Shape perToken = Arguments.perToken("modulateBackward", z.shape(), scale);
        Tensor factor = add(scale, full(Shape.of(1, 1), 1));
        return new ModulationGradients(
                multiply(dy, factor.reshape(perToken)),
                sumTo(dy, perToken).reshape(scale.shape()),
                sumTo(multiply(dy, z), perToken).reshape(scale.shape()));
    }

    /// x + h·gate.
    ///
    /// @param x (N, T, D)
    /// @param h (N, T, D)
    /// @param gate (N, D)
    /// @return (N, T, D), the bits of the two operations
    default Tensor addGated(Tensor x, Tensor h, Tensor gate) {
        Shape perToken = Arguments.perToken("addGated", h.shape(), gate);
        return add(x, multiply(h, gate.reshape(perToken)));
    }

    /// Gradients of [#addGated]: dh = dy·gate, dgate = Σ dy·h over the tokens; that of `x` is dy.
    default GateGradients addGatedBackward(Tensor h, Tensor gate, Tensor dy) {
        Shape perToken = Arguments.perToken("addGatedBackward", h.shape(), gate);
        // the sum's other term may be wider (autocast): what arrives at h·gate has the type of h·gate
        Tensor dp = inTypeOf(dy, multiply(h, gate.reshape(perToken)));
        return new GateGradients(
                multiply(dp, gate.reshape(perToken)),
                sumTo(multiply(dp, h), perToken).reshape(gate.shape()));
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    /// LayerNorm over the last axis, without affine: y = (x − mean)·rstd, rstd = 1/√(variance + ε), variance
    /// biased, computed from the centred values.
    Normalized layerNorm(Tensor x, double eps);

    /// dx = rstd·(dy − mean(dy) − y·mean(dy·y)), means over the last axis; `forward` as [#layerNorm] returned it.
    Tensor layerNormBackward(Normalized forward, Tensor dy);

    /// eˣ⁻ᵐ / Σ eˣ⁻ᵐ over the last axis, m the row's largest element.
    Tensor softmax(Tensor x);

    /// dx = y·(dy − Σ dy·y), sum over the last axis; `y` is what [#softmax] returned.
    Tensor softmaxBackward(Tensor y, Tensor dy);

    // ---- sums -----------------------------------------------------------------------------------------------

    /// Sums over the axes where `to` has extent 1 and `x` has not: the transpose of broadcasting.
    ///
    /// @param to broadcasts to the shape of `x`
    Tensor sumTo(Tensor x, Shape to);

    /// Σ x², a scalar (rank 0).
    Tensor sumOfSquares(Tensor x);

    /// How many elements are NaN or infinite, a scalar (rank 0) of type [#dtype].
    Tensor countNonFinite(Tensor x);

    // ---- layout ---------------------------------------------------------------------------------------------

    /// Axes in a new order: extent i of the result is extent `axes[i]` of `x`.
    Tensor permute(Tensor x, int... axes);

    /// The parts side by side along an axis; all other extents are equal.
    Tensor concat(int axis, List<Tensor> parts);

    /// Elements `from` (inclusive) to `to` (exclusive) of an axis, copied.
    Tensor slice(Tensor x, int axis, int from, int to);

    /// Rows of a table: out[n] = table[indices[n]].
    ///
    /// @param table (V, D)
    /// @param indices (N), I32, each in [0, V)
    /// @return (N, D)
    /// @throws IndexOutOfBoundsException if an index is outside the table
    Tensor gather(Tensor table, Tensor indices);

    /// dtable[v] = Σ over n with indices[n] = v of dy[n], in increasing order of n.
    ///
    /// @param dy (N, D)
    /// @param indices (N), I32
    /// @param rows V, the rows of the table
    /// @return (V, D)
    Tensor gatherBackward(Tensor dy, Tensor indices, int rows);

    // ---- in place: what an optimizer does -------------------------------------------------------------------

    /// accumulator ← accumulator + x, in place; equal shapes.
    void addInPlace(Tensor accumulator, Tensor x);

    /// One AdamW step, in place on `w`, `m` and `v`: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²,
    /// w ← w − lr·weightDecay·w − lr·(m/(1−β₁ⁿ)) / (√(v/(1−β₂ⁿ)) + ε), n the step.
    ///
    /// @param g gradient, scaled and clipped
    void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step);

    /// target ← decay·target + (1 − decay)·x, in place: an exponential moving average. In float32 the two factors
    /// are exact complements (SPEC §6).
    void average(Tensor target, Tensor x, double decay);

    /// What a training step does to one parameter: [#adamW] with the gradient times `factor`, then [#average] of the
    /// new weight into `ema`.
    ///
    /// @param g gradient, not yet clipped
    /// @param factor what it is multiplied by, a scalar (rank 0)
    /// @param decay of the moving average
    default void train(
            Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema, AdamWStep step, double decay) {
        Arguments.train(dtype(), w, g, factor, m, v, ema);
        int[] ones = new int[g.shape().rank()];
        Arrays.fill(ones, 1);
        Tensor clipped = multiply(g, factor.reshape(ones));
        adamW(w, clipped, m, v, step);
        release(clipped);
        average(ema, w, decay);
    }
}

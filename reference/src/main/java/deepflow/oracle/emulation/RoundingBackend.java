package deepflow.oracle.emulation;

import deepflow.tensor.Arguments;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A back end as another precision would have it: every result is computed by the float64 back end underneath (products
/// and sums by one with the accumulator's type) and rounded to the type that an [Arithmetic] gives it. The type goes
/// with the tensor.
///
/// With stochastic rounding and a random summation order the contract's "same arguments, same bits" is given up on
/// purpose: two runs differ as two right implementations do.
public final class RoundingBackend extends RoundedTensors {
    /// Units in the last place of the accumulator that library functions are off.
    private static final double FUNCTION_UNITS = 2;

    private final Backend accumulator;
    private final SummationOrder order;
    private final boolean fused;
    private final RoundedRows rows;

    /// @param exact computes in float64; stays open when this closes
    /// @param accumulator computes products and sums, in the type they are accumulated in; stays open too
    /// @param fused whether attention keeps scores and probabilities in the accumulator's type
    public RoundingBackend(
            Backend exact,
            Backend accumulator,
            Arithmetic arithmetic,
            Rounding rounding,
            SummationOrder order,
            boolean fused) {
        super(exact, arithmetic, rounding);
        this.accumulator = accumulator;
        this.order = order;
        this.fused = fused;
        this.rows = new RoundedRows(rounding, arithmetic.wide(), exact);
    }

    /// The type a tensor's numbers have.
    public FloatFormat type(Tensor x) {
        FloatFormat format = format(x);
        return format == null ? arithmetic.given() : format;
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return rounded(exact.add(value(x), value(y)), widest(x, y));
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return rounded(exact.subtract(value(x), value(y)), widest(x, y));
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return rounded(exact.multiply(value(x), value(y)), widest(x, y));
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return rounded(exact.divide(value(x), value(y)), widest(x, y));
    }

    @Override
    public Tensor scale(Tensor x, double factor) {
        // a mean is a sum and a factor, rounded once
        return rounded(exact.scale(accurate(x), arithmetic.wide().nearest(factor)), format(x));
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return rounded(exact.sqrt(value(x)), format(x));
    }

    /// A function's result is first moved by what a library may be off, some units of `size`.
    private Tensor function(Tensor inner, Tensor size, @Nullable FloatFormat format) {
        double[] sizes = exact.elements(size);
        double[] y = exact.take(inner); // may be what `sizes` is
        double units = FUNCTION_UNITS * arithmetic.wide().unit();
        for (int i = 0; i < y.length; i++) {
            y[i] = rounding.disturb(y[i], units * Math.abs(sizes[i]));
        }
        return rounded(y, inner.shape(), format);
    }

    @Override
    public Tensor sin(Tensor x) {
        return rounded(exact.sin(value(x)), format(x));
    }

    @Override
    public Tensor cos(Tensor x) {
        return rounded(exact.cos(value(x)), format(x));
    }

    @Override
    public Tensor silu(Tensor x) {
        Tensor y = exact.silu(value(x));
        return function(y, y, format(x));
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return function(exact.siluBackward(value(x), value(dy)), value(dy), widest(x, dy));
    }

    @Override
    public Tensor gelu(Tensor x) {
        return function(exact.gelu(value(x)), exact.scale(value(x), 0.5), format(x));
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return function(exact.geluBackward(value(x), value(dy)), value(dy), widest(x, dy));
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) {
        return rounded(exact.clamp(value(x), low, high), format(x));
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        return rounded(exact.clampBackward(value(x), low, high, value(dy)), format(dy));
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        return matmul(a, transposeA, b, transposeB, arithmetic.productResult());
    }

    private Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, FloatFormat result) {
        Shape sa = a.shape();
        Shape sb = b.shape();
        if (sa.rank() < 2 || sa.rank() != sb.rank() || sa.dim(transposeA ? -2 : -1) != sb.dim(transposeB ? -1 : -2)) {
            return of(exact.matmul(value(a), transposeA, value(b), transposeB), result); // which says what is wrong
        }
        int[] terms = order.of(sa.dim(transposeA ? -2 : -1));
        Tensor left = operand(a, terms, transposeA);
        Tensor right = operand(b, terms, !transposeB);
        Tensor product = accumulator.matmul(left, transposeA, right, transposeB);
        double[] values = exact.array(Math.toIntExact(product.size()));
        accumulator.download(product, values);
        List.of(left, right, product).forEach(accumulator::release);
        boolean held = result != FloatFormat.F64 && result.holds(arithmetic.wide());
        // sums come from the accumulator as numbers of its type already
        return held ? of(exact.adopt(values, product.shape()), result) : rounded(values, product.shape(), result);
    }

    /// An input of a product on the accumulating back end: rounded to the products' type, the terms of its sums in
    /// another order.
    ///
    /// @param rowsAreTerms whether the terms are the last axis but one, and not the last
    private Tensor operand(Tensor x, int[] terms, boolean rowsAreTerms) {
        FloatFormat type = format(x);
        FloatFormat input = arithmetic.productInput();
        double[] values = elements(x);
        if (!input.holds(arithmetic.wide()) && (type == null || !input.holds(type))) {
            values = values.clone();
            Rounding.NEAREST.round(input, values);
        }
        return accumulator.upload(values, x.shape(), rowsAreTerms ? -2 : -1, terms);
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        if (x.shape().rank() < 1
                || w.shape().rank() != 2
                || x.shape().dim(-1) != w.shape().dim(1)) {
            return of(exact.linear(value(x), value(w), bias == null ? null : value(bias)), null);
        }
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        int samples = x.shape().product(0, x.shape().rank() - 1);
        Shape to = x.shape().with(-1, out);
        FloatFormat result = arithmetic.productResult();
        // a narrow result is rounded once, after the bias; a wide one after the product and after the bias
        Tensor product = matmul(x.reshape(samples, in), false, w, true, arithmetic.wide());
        if (bias == null) {
            return rounded(value(product), result).reshape(to);
        }
        Tensor b = adopt(download(bias), Shape.of(1, out), result);
        Tensor sum = exact.add(value(product), value(b));
        exact.release(value(product));
        exact.release(value(b));
        return rounded(sum, result).reshape(to);
    }

    @Override
    public Attended attention(Tensor q, Tensor k, Tensor v, double scale) {
        Tensor scores = scale(matmul(q, false, k, true, scores()), scale);
        Tensor p = softmax(scores);
        return new Attended(matmul(p, false, v, false), p);
    }

    @Override
    public AttentionGradients attentionBackward(
            Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
        Tensor p = forward.saved();
        Tensor dv = matmul(p, true, dout, false);
        Tensor dp = matmul(dout, false, v, true, scores());
        Tensor ds = scale(fused ? fusedSoftmaxBackward(p, dp, forward.out(), dout) : softmaxBackward(p, dp), scale);
        return new AttentionGradients(matmul(ds, false, k, false), matmul(ds, true, q, false), dv);
    }

    /// p·(dp − Σ dout·out) with the sum over channels and not over keys: Σ dp·p in exact arithmetic, but `out` has been
    /// rounded to its type, and what that costs is shared by all keys (FlashAttention; Dao et al. 2022).
    private Tensor fusedSoftmaxBackward(Tensor p, Tensor dp, Tensor out, Tensor dout) {
        double[] sums = rows.dots(elements(dout), elements(out), out.shape().dim(-1));
        double[] dx = rows.softmaxBackward(
                exact.elements(accurate(p)), elements(dp), p.shape().dim(-1), sums);
        return rounded(dx, p.shape(), widest(p, dp));
    }

    private FloatFormat scores() {
        return fused ? arithmetic.wide() : arithmetic.productResult();
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    @Override
    public Normalized layerNorm(Tensor x, double eps) {
        if (x.shape().rank() == 0) {
            return exact.layerNorm(value(x), eps); // which says what is wrong
        }
        Shape shape = x.shape();
        int width = shape.dim(-1);
        double[] rstd = new double[Math.toIntExact(width == 0 ? 0 : shape.size() / width)];
        double[] y = rows.layerNorm(elements(x), width, eps, rstd);
        return new Normalized(
                roundedKeeping(y, shape, arithmetic.norm(format(x))),
                statistics(rstd, shape.with(-1, 1), arithmetic.norm(format(x))));
    }

    /// What LayerNorm keeps for its backward: in the accumulator's type, or, as PyTorch does on a CPU, in the result's.
    private Tensor statistics(double[] rstd, Shape shape, @Nullable FloatFormat result) {
        FloatFormat kept = fused || result == null ? arithmetic.wide() : result;
        return rounded(rstd, shape, kept);
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        Tensor y = forward.y();
        double[] dx = rows.layerNormBackward(
                exact.elements(accurate(y)),
                elements(forward.rstd()),
                elements(dy),
                y.shape().dim(-1));
        return rounded(dx, y.shape(), format(dy));
    }

    @Override
    public Tensor softmax(Tensor x) {
        if (x.shape().rank() == 0 || x.shape().dim(-1) == 0) {
            return of(exact.softmax(value(x)), format(x));
        }
        double[] y = rows.softmax(elements(x), x.shape().dim(-1));
        return roundedKeeping(y, x.shape(), arithmetic.softmax(format(x)));
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        if (!y.shape().equals(dy.shape())) {
            return of(exact.softmaxBackward(value(y), value(dy)), null); // which says what is wrong
        }
        int width = Math.max(1, y.shape().dim(-1));
        double[] dx = rows.softmaxBackward(exact.elements(accurate(y)), elements(dy), width);
        return rounded(dx, y.shape(), widest(y, dy));
    }

    // ---- sums -----------------------------------------------------------------------------------------------

    @Override
    public Tensor sumTo(Tensor x, Shape to) {
        if (to.equals(x.shape()) || !to.broadcastsTo(x.shape())) {
            return of(exact.sumTo(value(x), to), format(x));
        }
        double[] y = new ReorderedSums(accumulator, rounding, order).sumTo(elements(x), x.shape(), to, terms(x, to));
        return roundedKeeping(y, to, format(x));
    }

    /// The type in which a sum is rounded after each row; null where its terms are added in another way. Sums over all
    /// rows, gradients of biases, are added row by row in the accumulator's type, as simple kernels do; but PyTorch
    /// on a CPU adds those of LayerNorm's weight and bias in their own type, and half of the runs do so too.
    private @Nullable FloatFormat terms(Tensor x, Shape to) {
        FloatFormat format = format(x);
        if (!fused && format != null && Arithmetic.overAllRows(to)) {
            return format;
        }
        return Arithmetic.ofRows(to) ? arithmetic.wide() : null;
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        Tensor terms = accumulator.upload(elements(x), x.shape());
        Tensor y = accumulator.sumOfSquares(terms);
        accumulator.release(terms);
        return roundedKeeping(accumulator.take(y), y.shape(), format(x));
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        return of(exact.countNonFinite(value(x)), arithmetic.wide());
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int count) {
        FloatFormat format = format(dy);
        if (fused || format == null) {
            return rounded(exact.gatherBackward(value(dy), value(indices), count), format);
        }
        // row after row is added to the table in its own type, as PyTorch does
        Shape shape = Arguments.gatherBackward(dy.shape(), indices.shape(), count);
        int width = shape.dim(1);
        double[] all = elements(dy);
        double[] rows = exact.elements(value(indices));
        double[] table = new double[Math.toIntExact(shape.size())];
        double[] sum = new double[width];
        for (int n : order.of(dy.shape().dim(0))) {
            int at = Objects.checkIndex((int) rows[n], count) * width;
            for (int j = 0; j < width; j++) {
                sum[j] = table[at + j] + all[n * width + j];
            }
            rounding.round(format, sum);
            System.arraycopy(sum, 0, table, at, width);
        }
        return adopt(table, shape, format);
    }
}

package deepflow.oracle.budget;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A back end whose every result knows how far off another implementation in a given [Arithmetic] may be: pairs of
/// (value, bound), propagated from operation to operation. The values are those of the float64 back end underneath.
///
/// The bound of a result z = f(x, …) is what f makes of its inputs' bounds, and what computing and storing f costs:
/// u·|z| for the result's type, more inside products, sums and functions. Whatever was stored in between by the other
/// implementation is rounded here as well; one that stores less stays within the bound.
public final class BoundingBackend extends BoundedTensors {
    /// Units in the last place that a library's function may be off in the accumulator's type.
    private static final double FUNCTION_UNITS = 8;
    /// Largest slopes and curvatures of SiLU and GELU, with a little room.
    private static final double SLOPE = 1.14;

    private static final double CURVATURE = 0.9;

    private final Accumulation sums;
    private final UpperProducts products;

    /// @param exact computes in float64; stays open when this closes
    /// @param bounds computes bounds of products, in float64 or, where errors are not that small, in float32; stays
    ///     open too
    /// @param threads for what is done element by element
    /// @param risk the probability that a result of one operation is beyond its bound
    public BoundingBackend(Backend exact, Backend bounds, Threads threads, Arithmetic arithmetic, double risk) {
        super(exact, arithmetic, new Loops(threads));
        this.products = new UpperProducts(bounds, loops, exact);
        this.sums = new Accumulation(arithmetic.wide().unit() + own(), risk);
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return sum(x, y, exact.add(value(x), value(y)));
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return sum(x, y, exact.subtract(value(x), value(y)));
    }

    private Tensor sum(Tensor x, Tensor y, Tensor z) {
        double[] b = bound(x);
        if (!exactly(y)) {
            addTo(b, broadcast(bound(y), y.shape(), x.shape()));
        }
        if (format(y) == null && exactly(y) || z.size() == 1) {
            // a constant's part may be multiplied out: z·(1 + s) as z + z·s; and a loss added up over parts of a batch
            double[] parts = absolute(values(x));
            addTo(parts, broadcast(absolute(values(y)), y.shape(), x.shape()));
            addRounding(b, parts, format(x));
            exact.giveBack(parts);
        }
        double[] size = magnitude(x);
        addTo(size, broadcast(magnitude(y), y.shape(), x.shape()));
        return result(z, b, widest(x, y), size);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        double[] b = largest(x);
        double[] all = broadcast(largest(y), y.shape(), x.shape());
        Tensor z = exact.multiply(value(x), value(y));
        double[] vz = exact.elements(z);
        loops.over(b.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                // what is left of the largest product over the product itself; exactly 0 where the two are equal
                b[i] = Math.max(0, b[i] * all[i] - Math.abs(vz[i]));
            }
        });
        exact.giveBack(all);
        return result(z, b, widest(x, y), null);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        Tensor z = exact.divide(value(x), value(y));
        double[] vy = broadcast(exact.download(value(y)), y.shape(), x.shape());
        double[] by = broadcast(bound(y), y.shape(), x.shape());
        double[] vz = exact.elements(z);
        double[] b = bound(x);
        loops.over(b.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                double least = Math.abs(vy[i]) - by[i];
                b[i] = least > 0 ? (b[i] + Math.abs(vz[i]) * by[i]) / least : Double.POSITIVE_INFINITY;
            }
        });
        List.of(vy, by).forEach(exact::giveBack);
        return result(z, b, widest(x, y), null);
    }

    @Override
    public Tensor scale(Tensor x, double factor) {
        double[] b = bound(x);
        double[] v = values(x);
        loops.over(b.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                // the factor itself is rounded to the accumulator's type
                b[i] = Math.abs(factor) * (b[i] + arithmetic.wide().unit() * (Math.abs(v[i]) + b[i]));
            }
        });
        return result(exact.scale(value(x), factor), b, format(x), null);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        Tensor z = exact.sqrt(value(x));
        double[] b = loops.map(
                bound(x), values(x), (dx, v) -> v > dx ? dx / (Math.sqrt(v) + Math.sqrt(v - dx)) : Math.sqrt(dx));
        return result(z, b, format(x), null);
    }

    /// A function of slope at most `slope`, which a library computes to some units of `size`.
    private Tensor function(Tensor x, Tensor z, double slope, double[] size) {
        return function(x, bound(x), z, slope, size);
    }

    /// The same of an argument that is off by `dx`, which nobody reads again.
    private Tensor function(Tensor x, double[] dx, Tensor z, double slope, double[] size) {
        double own = FUNCTION_UNITS * arithmetic.wide().unit();
        return result(z, loops.map(dx, size, (d, s) -> slope * d + own * Math.abs(s)), format(x), null);
    }

    @Override
    public Tensor sin(Tensor x) {
        Tensor z = exact.sin(value(x));
        return function(x, z, 1, exact.elements(z));
    }

    @Override
    public Tensor cos(Tensor x) {
        Tensor z = exact.cos(value(x));
        return function(x, z, 1, exact.elements(z));
    }

    @Override
    public Tensor silu(Tensor x) {
        Tensor z = exact.silu(value(x));
        // where e⁻ˣ is infinite in the accumulator, x/(1 + e⁻ˣ) is 0 there, and less than this in truth
        double lost = arithmetic.wide().leastNormal();
        double[] dx = loops.map(bound(x), values(x), (d, v) -> d + lost * Math.abs(v));
        return function(x, dx, z, SLOPE, exact.elements(z));
    }

    @Override
    public Tensor gelu(Tensor x) {
        // 1 + tanh u cancels where x is negative: what is lost is relative to x
        return function(x, exact.gelu(value(x)), SLOPE, values(x));
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return slope(x, dy, exact.siluBackward(value(x), value(dy)));
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return slope(x, dy, exact.geluBackward(value(x), value(dy)));
    }

    private Tensor slope(Tensor x, Tensor dy, Tensor z) {
        double[] v = values(x);
        double[] bx = bound(x);
        double[] all = largest(dy);
        double[] b = bound(dy);
        FloatFormat stored = widest(x, dy);
        // its two parts, σ·dy and x·σ·(1 − σ)·dy, may have been rounded before they were added
        double parts = stored == null || stored.holds(arithmetic.wide()) ? 0 : 2 * SLOPE * stored.unit();
        double own = 2 * FUNCTION_UNITS * arithmetic.wide().unit();
        loops.over(v.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                double steep = Math.min(2 * SLOPE, CURVATURE * bx[i]);
                // far out the slope is 0 or 1 to all digits, whatever x is
                b[i] = SLOPE * b[i] + all[i] * (steep + parts + own * (1 + Math.min(Math.abs(v[i]), 16)));
            }
        });
        exact.giveBack(bx);
        exact.giveBack(all);
        return result(z, b, stored, null);
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) {
        return of(exact.clamp(value(x), low, high), bound(x), format(x), null);
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        double[] v = values(x);
        double[] bx = bound(x);
        double[] all = largest(dy);
        double[] b = bound(dy);
        loops.over(v.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                boolean either = Math.abs(v[i] - low) <= bx[i] || Math.abs(v[i] - high) <= bx[i];
                b[i] = either ? all[i] : v[i] < low || v[i] > high ? 0 : b[i];
            }
        });
        List.of(bx, all).forEach(exact::giveBack);
        Tensor z = exact.clampBackward(value(x), low, high, value(dy));
        return of(z, b, format(dy), null);
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        Tensor y = exact.matmul(value(a), transposeA, value(b), transposeB);
        UpperProducts.Sums parts = products.of(operand(a, transposeA), operand(b, transposeB));
        double[] size = parts.size();
        double[] inherited = parts.inherited();
        UpperValues magnitude = UpperValues.of(loops, size);
        FloatFormat stored = arithmetic.productResult();
        int terms = a.shape().dim(transposeA ? -2 : -1);
        double times = transposeA ? storedTimes(terms) : transposeB ? 0 : storedParts(terms, y.size());
        double gamma = sums.gamma(terms, y.size()) + times * stored.unit();
        double least = times * stored.underflow();
        double[] bound = inherited == null ? size : inherited; // the other one is not needed again
        double[] others = inherited == null ? null : size;
        loops.over(bound.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                bound[i] =
                        others == null ? gamma * bound[i] + least : bound[i] + (gamma * (others[i] + bound[i]) + least);
            }
        });
        if (others != null) {
            exact.giveBack(others);
        }
        addRounding(bound, values(y), stored);
        return pair(y, packed(bound), stored, magnitude);
    }

    private UpperProducts.Operand operand(Tensor x, boolean transposed) {
        return new UpperProducts.Operand(values(x), operandError(x), x.shape(), transposed);
    }

    /// Adds an array that nobody reads again.
    private void addTo(double[] sum, double[] x) {
        loops.map(sum, x, Double::sum);
        exact.giveBack(x);
    }

    /// How many roundings of a result of so many rows' products add up. The gradient of a weight is a sum
    /// over samples and tokens, those of keys and values are sums over queries, and some add them to a
    /// narrow result in parts: PyTorch's convolution on a CPU sample by sample, fused attention block by
    /// block. Each time it is rounded; errors of random signs.
    private double storedTimes(int rows) {
        return arithmetic.productResult().holds(arithmetic.wide()) ? 0 : Math.sqrt(rows);
    }

    /// How many roundings a product dy·W, the gradient of an input, may have beside its own. It is a sum
    /// over the rows of W, and those who keep W in parts (queries, keys and values of their own) add as
    /// many narrow results. A part is, of the sum of all K terms' absolute values, no more than λ/√K, or
    /// all of it where one term is.
    private double storedParts(int terms, long results) {
        if (terms == 0 || arithmetic.productResult().holds(arithmetic.wide())) {
            return 0;
        }
        return 2 * Math.min(1, sums.spread(terms, results) / Math.sqrt(terms));
    }

    /// How far an input is off once it is rounded to the products' type; null where it is exact.
    private double @Nullable [] operandError(Tensor x) {
        FloatFormat type = format(x);
        FloatFormat to = arithmetic.productInput();
        boolean rounded = type == null || !to.holds(type);
        if (!rounded && exactly(x)) {
            return null;
        }
        double[] b = bound(x);
        if (rounded) {
            double[] v = values(x);
            loops.over(b.length, (from, end) -> {
                for (int i = from; i < end; i++) {
                    b[i] += to.unit() * (Math.abs(v[i]) + b[i]) + to.underflow();
                }
            });
        }
        return b;
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        int samples = x.shape().product(0, x.shape().rank() - 1);
        Tensor y = matmul(x.reshape(samples, in), false, w, true);
        if (bias != null) {
            Tensor row = of(value(bias), operandError(bias), arithmetic.productResult(), null);
            y = add(y, row.reshape(1, out));
        }
        return y.reshape(x.shape().with(-1, out));
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    private RowBounds rows(Tensor x) {
        return new RowBounds(sums, Math.max(1, x.shape().dim(-1)), loops, exact);
    }

    @Override
    public Normalized layerNorm(Tensor x, double eps) {
        Normalized n = exact.layerNorm(value(x), eps);
        double[] rstd = exact.elements(n.rstd());
        double[] rstdBound = new double[rstd.length];
        double[] bx = bound(x);
        double[] b = rows(x).layerNorm(values(x), bx, exact.elements(n.y()), rstd, rstdBound);
        exact.giveBack(bx);
        FloatFormat type = arithmetic.norm(format(x));
        addRounding(rstdBound, rstd, type); // PyTorch keeps it so for the backward, on a CPU
        return new Normalized(
                result(n.y(), b, type, null), of(n.rstd(), rstdBound, type, rows(x).means(values(x), rstd)));
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        Tensor y = forward.y();
        Tensor rstd = forward.rstd();
        Tensor dx = exact.layerNormBackward(new Normalized(value(y), value(rstd)), value(dy));
        double[] yBound = bound(y);
        FloatFormat type = format(rstd);
        if (type != null) {
            // the rows are computed anew from a rounded mean and a rounded rstd
            rows(y).addStatistics(yBound, values(y), magnitude(rstd), type.unit());
        }
        double[] bdy = bound(dy);
        double[] b = rows(y).layerNormBackward(values(y), yBound, values(rstd), bound(rstd), values(dy), bdy);
        List.of(yBound, bdy).forEach(exact::giveBack);
        return result(dx, b, format(dy), null);
    }

    @Override
    public Tensor softmax(Tensor x) {
        Tensor y = exact.softmax(value(x));
        double[] bx = bound(x);
        double[] b = rows(x).softmax(values(x), bx, exact.elements(y));
        exact.giveBack(bx);
        return result(y, b, arithmetic.softmax(format(x)), null);
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        Tensor dx = exact.softmaxBackward(value(y), value(dy));
        double[] by = bound(y);
        double[] bdy = bound(dy);
        double[] b = rows(y).softmaxBackward(values(y), by, values(dy), bdy);
        List.of(by, bdy).forEach(exact::giveBack);
        return result(dx, b, widest(y, dy), null);
    }

    // ---- sums -----------------------------------------------------------------------------------------------

    @Override
    public Tensor sumTo(Tensor x, Shape to) {
        if (to.equals(x.shape())) {
            return copy(x);
        }
        Tensor y = exact.sumTo(value(x), to);
        long terms = x.size() / Math.max(1, to.size());
        double gamma = sums.gamma(terms, to.size());
        FloatFormat format = format(x);
        if (format != null && Arithmetic.ofRows(to)) {
            // PyTorch on a CPU adds gradients of LayerNorm's weight and bias in their own type, and who accumulates
            // over parts of a batch adds those of all biases so
            gamma = Math.max(gamma, new Accumulation(format.unit(), sums.risk()).gamma(terms, to.size()));
        }
        double[] size = taken(absolute(values(x)), x.shape(), t -> exact.sumTo(t, to));
        double[] b = taken(bound(x), x.shape(), t -> exact.sumTo(t, to));
        double g = gamma;
        return result(y, loops.map(b, size, (d, s) -> d + g * (s + d)), format, size);
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        return sumTo(multiply(x, x).reshape(Math.toIntExact(x.size())), Shape.of(1))
                .reshape(Shape.SCALAR);
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        return of(exact.countNonFinite(value(x)), null, arithmetic.wide(), null);
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int count) {
        FloatFormat format = format(dy);
        // row after row may be added to the table in its own type, as PyTorch does
        Accumulation rows = new Accumulation(format == null ? sums.unit() : sums.unit() + format.unit(), sums.risk());
        double gamma = rows.gamma(dy.shape().dim(0), dy.size());
        double[] size = taken(absolute(values(dy)), dy.shape(), t -> exact.gatherBackward(t, indices, count));
        double[] b = taken(bound(dy), dy.shape(), t -> exact.gatherBackward(t, indices, count));
        Tensor z = exact.gatherBackward(value(dy), indices, count);
        return result(z, loops.map(b, size, (d, s) -> d + gamma * (s + d)), format, size);
    }
}

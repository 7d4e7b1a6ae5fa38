package deepflow.tensor;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/// [Backend] by plain loops over `double[]`, one thread, written from the formulas of the contract: the oracle that
/// the fast back ends are held against. Easy to believe, not fast.
public final class NaiveBackend implements Backend {
    /// Inner extent of a product after which a new partial sum begins; part of the definition of [Backend#matmul].
    private static final int K_BLOCK = 256;

    private static final double ROOT_2_OVER_PI = StrictMath.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    private final Deque<Region> open = new ArrayDeque<>();

    /// A back end with an arena of its own, which lives until [#close].
    public NaiveBackend() {
        open.push(new Region());
    }

    @Override
    public String name() {
        return "naive-f64";
    }

    @Override
    public DType dtype() {
        return DType.F64;
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    /// Values or indices; both null once freed.
    private static final class Elements implements Storage {
        private final int size;
        private double @Nullable [] values;
        private int @Nullable [] indices;

        Elements(double[] values) {
            this.size = values.length;
            this.values = values;
        }

        Elements(int[] indices) {
            this.size = indices.length;
            this.indices = indices;
        }

        @Override
        public long size() {
            return size;
        }
    }

    private final class Region implements Arena {
        private final Set<Elements> members = Collections.newSetFromMap(new WeakHashMap<>());
        private boolean closed;

        @Override
        public Tensor keep(Tensor tensor) {
            if (!closed && members.remove((Elements) tensor.storage())) {
                enclosing().members.add((Elements) tensor.storage());
            }
            return tensor;
        }

        private Region enclosing() {
            Region outer = null;
            for (Region r : open) { // innermost first
                if (outer == this) {
                    return r;
                }
                outer = r;
            }
            throw new IllegalStateException("the outermost arena has none around it");
        }

        @Override
        public void close() {
            if (closed) {
                return;
            }
            if (open.peek() != this) {
                throw new IllegalStateException("an arena opened later is still open");
            }
            open.pop();
            free();
        }

        private void free() {
            closed = true;
            for (Elements e : members) {
                e.values = null;
                e.indices = null;
            }
            members.clear();
        }
    }

    private Tensor wrap(Shape shape, Elements elements, DType type) {
        Region innermost = open.peek();
        if (innermost == null) {
            throw new IllegalStateException("this back end has been closed");
        }
        innermost.members.add(elements);
        return new Tensor(shape, type, elements);
    }

    /// A new tensor over `values`, every NaN made the canonical one.
    private Tensor result(Shape shape, double[] values) {
        return wrap(shape, new Elements(canonical(values)), DType.F64);
    }

    private static double[] canonical(double[] values) {
        for (int i = 0; i < values.length; i++) {
            if (Double.isNaN(values[i])) {
                values[i] = Double.NaN;
            }
        }
        return values;
    }

    private static double[] values(Tensor x) {
        double[] v = ((Elements) x.storage()).values;
        if (v == null) {
            throw new IllegalStateException("tensor " + x.shape() + " was freed when its arena closed");
        }
        return v;
    }

    private static int[] indices(Tensor x) {
        int[] v = ((Elements) x.storage()).indices;
        if (v == null) {
            throw new IllegalStateException("tensor " + x.shape() + " was freed when its arena closed");
        }
        return v;
    }

    private static double[] zeros(Shape shape) {
        return new double[Math.toIntExact(shape.size())];
    }

    @Override
    public Tensor upload(double[] values, Shape shape) {
        Arguments.values("upload", values.length, shape);
        return result(shape, values.clone());
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        Arguments.values("uploadIndices", values.length, shape);
        return wrap(shape, new Elements(values.clone()), DType.I32);
    }

    @Override
    public double[] download(Tensor x) {
        return x.dtype() == DType.I32
                ? Arrays.stream(indices(x)).asDoubleStream().toArray()
                : values(x).clone();
    }

    @Override
    public Tensor full(Shape shape, double value) {
        double[] v = zeros(shape);
        Arrays.fill(v, value);
        return result(shape, v);
    }

    @Override
    public Tensor copy(Tensor x) {
        return x.dtype() == DType.I32
                ? uploadIndices(indices(x), x.shape())
                : result(x.shape(), values(x).clone());
    }

    @Override
    public Arena arena() {
        if (open.isEmpty()) {
            throw new IllegalStateException("this back end has been closed");
        }
        Region r = new Region();
        open.push(r);
        return r;
    }

    @Override
    public void close() {
        open.forEach(Region::free);
        open.clear();
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    private Tensor map(String operation, Tensor x, DoubleUnaryOperator f) {
        Arguments.floating(operation, DType.F64, x);
        return result(x.shape(), Arrays.stream(values(x)).map(f).toArray());
    }

    private Tensor zip(String operation, Tensor x, Tensor y, DoubleBinaryOperator f) {
        Arguments.floating(operation, DType.F64, x, y);
        Arguments.broadcasts(operation, x, y);
        double[] xs = values(x);
        double[] ys = values(y);
        double[] out = new double[xs.length];
        int[] from = broadcastOffsets(y.shape(), x.shape());
        for (int i = 0; i < out.length; i++) {
            out[i] = f.applyAsDouble(xs[i], ys[from[i]]);
        }
        return result(x.shape(), out);
    }

    /// For each element of a tensor of shape `to`, in order, the element of `small` that broadcasting puts there.
    private static int[] broadcastOffsets(Shape small, Shape to) {
        int[] out = new int[Math.toIntExact(to.size())];
        int[] at = new int[to.rank()];
        for (int i = 0; i < out.length; i++) {
            int offset = 0;
            for (int a = 0; a < at.length; a++) {
                offset = offset * small.dim(a) + (small.dim(a) == 1 ? 0 : at[a]);
            }
            out[i] = offset;
            for (int a = at.length - 1; a >= 0 && ++at[a] == to.dim(a); a--) {
                at[a] = 0;
            }
        }
        return out;
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return zip("add", x, y, (a, b) -> a + b);
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return zip("subtract", x, y, (a, b) -> a - b);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return zip("multiply", x, y, (a, b) -> a * b);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return zip("divide", x, y, (a, b) -> a / b);
    }

    @Override
    public Tensor scale(Tensor x, double factor) {
        return map("scale", x, a -> a * factor);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return map("sqrt", x, Math::sqrt);
    }

    @Override
    public Tensor sin(Tensor x) {
        return map("sin", x, StrictMath::sin);
    }

    @Override
    public Tensor cos(Tensor x) {
        return map("cos", x, StrictMath::cos);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + StrictMath.exp(-x));
    }

    @Override
    public Tensor silu(Tensor x) {
        return map("silu", x, a -> a / (1 + StrictMath.exp(-a)));
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        Arguments.same("siluBackward", x, dy);
        return zip("siluBackward", x, dy, (a, g) -> g * (sigmoid(a) * (1 + a * (1 - sigmoid(a)))));
    }

    private static double tanhOfGelu(double x) {
        return StrictMath.tanh(ROOT_2_OVER_PI * (x + CUBIC * (x * x * x)));
    }

    @Override
    public Tensor gelu(Tensor x) {
        return map("gelu", x, a -> 0.5 * a * (1 + tanhOfGelu(a)));
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        Arguments.same("geluBackward", x, dy);
        return zip("geluBackward", x, dy, (a, g) -> {
            double t = tanhOfGelu(a);
            double du = ROOT_2_OVER_PI * (1 + 3 * CUBIC * (a * a));
            return g * (0.5 * (1 + t) + 0.5 * a * (1 - t * t) * du);
        });
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) {
        Arguments.bounds("clamp", low, high);
        return map("clamp", x, a -> a < low ? low : a > high ? high : a);
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        Arguments.bounds("clampBackward", low, high);
        Arguments.same("clampBackward", x, dy);
        return zip("clampBackward", x, dy, (a, g) -> low <= a && a <= high ? g : 0);
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        Arguments.floating("matmul", DType.F64, a, b);
        Shape shape = Arguments.matmul(a.shape(), transposeA, b.shape(), transposeB);
        int r = shape.rank();
        int m = shape.dim(-2);
        int n = shape.dim(-1);
        int k = a.shape().dim(transposeA ? -2 : -1);
        double[] x = transposeA ? transposed(a) : values(a); // (…, M, K)
        double[] y = transposeB ? transposed(b) : values(b); // (…, K, N)
        double[] out = zeros(shape);
        double[] row = new double[n];
        for (int batch = 0; batch < shape.product(0, r - 2); batch++) {
            for (int i = 0; i < m; i++) {
                int o = (batch * m + i) * n;
                for (int k0 = 0; k0 < k; k0 += K_BLOCK) {
                    Arrays.fill(row, 0);
                    for (int p = k0; p < Math.min(k, k0 + K_BLOCK); p++) {
                        double factor = x[(batch * m + i) * k + p];
                        int line = (batch * k + p) * n;
                        for (int j = 0; j < n; j++) {
                            row[j] = Math.fma(factor, y[line + j], row[j]);
                        }
                    }
                    for (int j = 0; j < n; j++) {
                        // The first block is the sum; the later ones are added to it.
                        out[o + j] = k0 == 0 ? row[j] : out[o + j] + row[j];
                    }
                }
            }
        }
        return result(shape, out);
    }

    /// The elements with the last two axes exchanged.
    private static double[] transposed(Tensor x) {
        int rows = x.shape().dim(-2);
        int columns = x.shape().dim(-1);
        double[] from = values(x);
        double[] to = new double[from.length];
        for (int i = 0; i < from.length; i++) {
            int batch = i / (rows * columns);
            int row = i / columns % rows;
            to[(batch * columns + i % columns) * rows + row] = from[i];
        }
        return to;
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        Arguments.floating("linear", DType.F64, x, w);
        Shape shape = Arguments.linear(x.shape(), w.shape());
        int rows = x.shape().product(0, x.shape().rank() - 1);
        Tensor flat = matmul(x.reshape(rows, w.shape().dim(1)), false, w, true);
        if (bias != null) {
            Arguments.floating("linear", DType.F64, bias);
            Arguments.shape("linear's bias", Shape.of(w.shape().dim(0)), bias);
            flat = add(flat, bias.reshape(1, w.shape().dim(0)));
        }
        return flat.reshape(shape);
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    @Override
    public Normalized layerNorm(Tensor x, double eps) {
        Arguments.floating("layerNorm", DType.F64, x);
        Arguments.rows("layerNorm", x);
        int d = x.shape().dim(-1);
        int rows = x.shape().product(0, x.shape().rank() - 1);
        double[] in = values(x);
        double[] y = new double[in.length];
        double[] rstd = new double[rows];
        for (int r = 0; r < rows; r++) {
            double sum = 0;
            for (int i = r * d; i < (r + 1) * d; i++) {
                sum += in[i];
            }
            double mean = sum / d;
            double squares = 0;
            for (int i = r * d; i < (r + 1) * d; i++) {
                squares += (in[i] - mean) * (in[i] - mean);
            }
            rstd[r] = 1 / Math.sqrt(squares / d + eps);
            for (int i = r * d; i < (r + 1) * d; i++) {
                y[i] = (in[i] - mean) * rstd[r];
            }
        }
        return new Normalized(result(x.shape(), y), result(x.shape().with(-1, 1), rstd));
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        Arguments.floating("layerNormBackward", DType.F64, forward.y(), forward.rstd(), dy);
        Arguments.rows("layerNormBackward", dy);
        Arguments.same("layerNormBackward", forward.y(), dy);
        Arguments.shape("layerNormBackward", dy.shape().with(-1, 1), forward.rstd());
        int d = dy.shape().dim(-1);
        double[] y = values(forward.y());
        double[] g = values(dy);
        double[] rstd = values(forward.rstd());
        double[] dx = new double[g.length];
        for (int r = 0; r < rstd.length; r++) {
            double sum = 0;
            double dot = 0;
            for (int i = r * d; i < (r + 1) * d; i++) {
                sum += g[i];
                dot += g[i] * y[i];
            }
            for (int i = r * d; i < (r + 1) * d; i++) {
                dx[i] = rstd[r] * (g[i] - sum / d - y[i] * (dot / d));
            }
        }
        return result(dy.shape(), dx);
    }

    @Override
    public Tensor softmax(Tensor x) {
        Arguments.floating("softmax", DType.F64, x);
        Arguments.rows("softmax", x);
        int d = x.shape().dim(-1);
        int rows = x.shape().product(0, x.shape().rank() - 1);
        double[] in = values(x);
        double[] y = new double[in.length];
        for (int r = 0; r < rows; r++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int i = r * d; i < (r + 1) * d; i++) {
                max = Math.max(max, in[i]); // NaN if there is one
            }
            double sum = 0;
            for (int i = r * d; i < (r + 1) * d; i++) {
                y[i] = StrictMath.exp(in[i] - max);
                sum += y[i];
            }
            for (int i = r * d; i < (r + 1) * d; i++) {
                y[i] /= sum;
            }
        }
        return result(x.shape(), y);
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        Arguments.floating("softmaxBackward", DType.F64, y, dy);
        Arguments.rows("softmaxBackward", y);
        Arguments.same("softmaxBackward", y, dy);
        int d = y.shape().dim(-1);
        int rows = y.shape().product(0, y.shape().rank() - 1);
        double[] p = values(y);
        double[] g = values(dy);
        double[] dx = new double[g.length];
        for (int r = 0; r < rows; r++) {
            double dot = 0;
            for (int i = r * d; i < (r + 1) * d; i++) {
                dot += g[i] * p[i];
            }
            for (int i = r * d; i < (r + 1) * d; i++) {
                dx[i] = p[i] * (g[i] - dot);
            }
        }
        return result(y.shape(), dx);
    }

    // ---- sums -----------------------------------------------------------------------------------------------

    @Override
    public Tensor sumTo(Tensor x, Shape to) {
        Arguments.floating("sumTo", DType.F64, x);
        Arguments.sumTo(x.shape(), to);
        double[] in = values(x);
        double[] out = zeros(to);
        int[] at = broadcastOffsets(to, x.shape());
        for (int i = 0; i < in.length; i++) {
            out[at[i]] += in[i];
        }
        return result(to, out);
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        Arguments.floating("sumOfSquares", DType.F64, x);
        double sum = 0;
        for (double v : values(x)) {
            sum += v * v;
        }
        return result(Shape.SCALAR, new double[] {sum});
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        Arguments.floating("countNonFinite", DType.F64, x);
        long count = Arrays.stream(values(x)).filter(v -> !Double.isFinite(v)).count();
        return result(Shape.SCALAR, new double[] {count});
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    @Override
    public Tensor permute(Tensor x, int... axes) {
        Arguments.floating("permute", DType.F64, x);
        Shape shape = Arguments.permute(x.shape(), axes);
        int r = axes.length;
        int[] stride = new int[r]; // in x, of each axis of the result
        for (int a = 0; a < r; a++) {
            stride[a] = x.shape().product(axes[a] + 1, r);
        }
        double[] in = values(x);
        double[] out = new double[in.length];
        int[] at = new int[r];
        for (int i = 0; i < out.length; i++) {
            int from = 0;
            for (int a = 0; a < r; a++) {
                from += at[a] * stride[a];
            }
            out[i] = in[from];
            for (int a = r - 1; a >= 0 && ++at[a] == shape.dim(a); a--) {
                at[a] = 0;
            }
        }
        return result(shape, out);
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        Arguments.floating("concat", DType.F64, parts.toArray(new Tensor[0]));
        Shape shape = Arguments.concat(axis, parts);
        int a = shape.axis(axis);
        int outer = shape.product(0, a);
        double[] out = zeros(shape);
        int at = 0;
        for (int o = 0; o < outer; o++) {
            for (Tensor part : parts) {
                int run = part.shape().product(a, shape.rank());
                System.arraycopy(values(part), o * run, out, at, run);
                at += run;
            }
        }
        return result(shape, out);
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        Arguments.floating("slice", DType.F64, x);
        Shape shape = Arguments.slice(x.shape(), axis, from, to);
        int a = shape.axis(axis);
        int inner = shape.product(a + 1, shape.rank());
        int run = (to - from) * inner;
        double[] in = values(x);
        double[] out = zeros(shape);
        for (int o = 0; o < shape.product(0, a); o++) {
            System.arraycopy(in, (o * x.shape().dim(a) + from) * inner, out, o * run, run);
        }
        return result(shape, out);
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        Arguments.floating("gather", DType.F64, table);
        Arguments.indices("gather", indices);
        Shape shape = Arguments.gather(table.shape(), indices.shape());
        int d = shape.dim(1);
        int[] from = indices(indices);
        double[] in = values(table);
        double[] out = zeros(shape);
        for (int n = 0; n < from.length; n++) {
            checkRow("gather", from[n], table.shape().dim(0));
            System.arraycopy(in, from[n] * d, out, n * d, d);
        }
        return result(shape, out);
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int rows) {
        Arguments.floating("gatherBackward", DType.F64, dy);
        Arguments.indices("gatherBackward", indices);
        Shape shape = Arguments.gatherBackward(dy.shape(), indices.shape(), rows);
        int d = shape.dim(1);
        int[] to = indices(indices);
        double[] g = values(dy);
        double[] out = zeros(shape);
        for (int n = 0; n < to.length; n++) {
            checkRow("gatherBackward", to[n], rows);
            for (int j = 0; j < d; j++) {
                out[to[n] * d + j] += g[n * d + j];
            }
        }
        return result(shape, out);
    }

    private static void checkRow(String operation, int index, int rows) {
        if (index < 0 || index >= rows) {
            throw new IndexOutOfBoundsException(operation + " expects indices in [0, " + rows + "), got " + index);
        }
    }

    // ---- in place -------------------------------------------------------------------------------------------

    @Override
    public void addInPlace(Tensor accumulator, Tensor x) {
        Arguments.floating("addInPlace", DType.F64, accumulator, x);
        Arguments.same("addInPlace", accumulator, x);
        double[] a = values(accumulator);
        double[] b = values(x);
        for (int i = 0; i < a.length; i++) {
            a[i] += b[i];
        }
        canonical(a);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        Arguments.floating("adamW", DType.F64, w, g, m, v);
        Arguments.same("adamW", w, g);
        Arguments.same("adamW", w, m);
        Arguments.same("adamW", w, v);
        double[] weight = values(w);
        double[] gradient = values(g);
        double[] first = values(m);
        double[] second = values(v);
        double size = step.lr() / (1 - StrictMath.pow(step.beta1(), step.step()));
        double root = Math.sqrt(1 - StrictMath.pow(step.beta2(), step.step()));
        for (int i = 0; i < weight.length; i++) {
            first[i] = step.beta1() * first[i] + (1 - step.beta1()) * gradient[i];
            second[i] = step.beta2() * second[i] + (1 - step.beta2()) * gradient[i] * gradient[i];
            double decayed = weight[i] - step.lr() * step.weightDecay() * weight[i];
            weight[i] = decayed - size * first[i] / (Math.sqrt(second[i]) / root + step.eps());
        }
        canonical(weight);
        canonical(first);
        canonical(second);
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) {
        Arguments.floating("average", DType.F64, target, x);
        Arguments.same("average", target, x);
        double[] a = values(target);
        double[] b = values(x);
        for (int i = 0; i < a.length; i++) {
            a[i] = decay * a[i] + (1 - decay) * b[i];
        }
        canonical(a);
    }
}

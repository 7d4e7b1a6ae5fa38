package deepflow.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.function.Executable;

/// What every back end is held to: its results against [NaiveBackend] on random shapes, layouts and values,
/// within a bound on what rounding can do in its precision, and the laws of the [Backend] contract.
///
/// A subclass names the back end. The bounds are of the form c·u·(|f| evaluated with all terms positive), u the
/// unit roundoff; where the contract leaves no room (products, copies, the four operations) results must be
/// equal after rounding, which in float64 means equal bits.
public abstract class BackendConformance {
    private static final List<Backend> OPEN = new ArrayList<>();
    /// How many of the operations that a sample is watched in are products; they come first.
    private static final int PRODUCTS = 3;

    private final Backend backend;
    private final NaiveBackend naive = new NaiveBackend();

    /// @param backend under test; closed when the class is done
    protected BackendConformance(Backend backend) {
        this.backend = backend;
        OPEN.add(backend);
    }

    @AfterContainer
    static void closeAll() {
        OPEN.forEach(Backend::close);
        OPEN.clear();
    }

    /// Whether the back end keeps the order in which [Backend#matmul] adds up a product. One that leaves the
    /// order to a library says no: then products are held to bounds instead of bits.
    protected boolean keepsOrderOfProducts() {
        return true;
    }

    // ---- how results are compared ---------------------------------------------------------------------------

    /// Unit roundoff of the type under test.
    private double u() {
        return backend.dtype() == DType.F64 ? 0x1p-53 : 0x1p-24;
    }

    /// Smallest positive number of the type under test.
    private double tiny() {
        return backend.dtype() == DType.F64 ? Double.MIN_VALUE : Float.MIN_VALUE;
    }

    /// Random data of a shape, representable in the type under test.
    private double[] data(long seed, Shape shape, Values values) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] v = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < v.length; i++) {
            double x = values.draw(random);
            v[i] = backend.dtype() == DType.F64 ? x : (float) x;
        }
        return v;
    }

    /// Kinds of values to draw.
    enum Values {
        /// Between −2 and 2.
        PLAIN,
        /// Ten orders of magnitude.
        WIDE,
        /// Zeros of both signs, NaN, infinities, subnormal and huge numbers among plain ones.
        SPECIAL;

        private static final double[] RARE = {
            0.0,
            -0.0,
            Double.NaN,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.MIN_VALUE,
            1e-310,
            -1e-42,
            1.5e-45,
            3e38,
            -1e308,
            1e30,
            -1e-20,
            88.8,
            -103.9,
            709.8,
            -745.1
        };

        double draw(SplittableRandom random) {
            double plain = random.nextDouble(-2, 2);
            return switch (this) {
                case PLAIN -> plain;
                case WIDE -> plain * Math.pow(10, random.nextInt(-5, 5));
                case SPECIAL -> random.nextInt(5) == 0 ? RARE[random.nextInt(RARE.length)] : plain;
            };
        }
    }

    private static Shape shape(long seed, int rank) {
        int[] sizes = {0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 33};
        SplittableRandom random = new SplittableRandom(seed);
        int[] dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = sizes[random.nextInt(i == 0 && rank > 1 ? 6 : sizes.length)];
        }
        return Shape.of(dims);
    }

    /// Evaluates the same expression on both back ends.
    private List<double[]> both(Function<Backend, Tensor> f) {
        try (Arena _ = backend.arena();
                Arena _ = naive.arena()) {
            Tensor actual = f.apply(backend);
            Tensor expected = f.apply(naive);
            assertEquals(expected.shape(), actual.shape());
            assertEquals(backend.dtype(), actual.dtype());
            return List.of(backend.download(actual), naive.download(expected));
        }
    }

    /// Equal after rounding the truth to the type.
    private void exact(Function<Backend, Tensor> f) {
        List<double[]> r = both(f);
        for (int i = 0; i < r.get(0).length; i++) {
            double rounded = backend.dtype() == DType.F64 ? r.get(1)[i] : (float) r.get(1)[i];
            int at = i;
            assertEquals(
                    bits(rounded),
                    bits(r.get(0)[i]),
                    () -> "element " + at + ": " + rounded + " against " + r.get(0)[at]);
        }
    }

    private static long bits(double x) {
        return Double.doubleToRawLongBits(x);
    }

    /// |actual − truth| ≤ units·u·magnitude, where `magnitude` evaluates f with all terms positive. Where the
    /// truth is not finite the result must be the same.
    private void close(Function<Backend, Tensor> f, Function<Backend, Tensor> magnitude, double units) {
        List<double[]> r = both(f);
        try (Arena _ = naive.arena()) {
            double[] size = naive.download(magnitude.apply(naive));
            for (int i = 0; i < size.length; i++) {
                close(r.get(1)[i], r.get(0)[i], size[i], units, "element " + i);
            }
        }
    }

    private void close(double truth, double actual, double size, double units, String what) {
        double limit = backend.dtype() == DType.F64 ? Double.MAX_VALUE : Float.MAX_VALUE;
        if (!Double.isFinite(truth)) {
            assertEquals(truth, actual, what);
            return;
        }
        double bound = units * (u() * size + tiny());
        boolean fits = Math.abs(actual - truth) <= bound;
        boolean overflow = Double.isInfinite(actual) && Math.abs(truth) + bound >= limit;
        assertTrue(fits || overflow, () -> what + ": " + actual + " against " + truth + ", bound " + bound);
    }

    /// Close, the magnitude being that of the result.
    private void close(Function<Backend, Tensor> f, double units) {
        close(f, b -> absolute(f.apply(b)), units);
    }

    private Tensor absolute(Tensor x) {
        double[] v = naive.download(x);
        for (int i = 0; i < v.length; i++) {
            v[i] = Math.abs(v[i]);
        }
        return naive.upload(v, x.shape());
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    @Property(tries = 150)
    void basicArithmeticIsExactWithEveryBroadcast(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = 4) int rank, @ForAll Values values) {
        Shape shape = shape(seed, rank);
        int[] small = shape.dims();
        for (int i = 0; i < rank; i++) {
            small[i] = (seed >> i & 1) == 0 ? small[i] : 1;
        }
        Shape to = Shape.of(small);
        double[] x = data(seed, shape, values);
        double[] y = data(seed + 1, to, values);
        List<BiFunction<Backend, Tensor[], Tensor>> operations = List.of(
                (b, t) -> b.add(t[0], t[1]),
                (b, t) -> b.subtract(t[0], t[1]),
                (b, t) -> b.multiply(t[0], t[1]),
                (b, t) -> b.divide(t[0], t[1]));
        for (var operation : operations) {
            // float: double rounding of these four is innocuous, 53 ≥ 2·24 + 2, but for subnormal results
            Function<Backend, Tensor> f = b -> operation.apply(b, new Tensor[] {b.upload(x, shape), b.upload(y, to)});
            if (backend.dtype() == DType.F64 || values == Values.PLAIN) {
                exact(f);
            } else {
                close(f, 2);
            }
        }
    }

    @Property(tries = 100)
    void unaryBasicsAreExact(@ForAll long seed, @ForAll Values values) {
        Shape shape = shape(seed, 2);
        double[] x = data(seed, shape, values);
        exact(b -> b.scale(b.upload(x, shape), 0.5));
        exact(b -> b.sqrt(b.upload(x, shape)));
        exact(b -> b.clamp(b.upload(x, shape), -0.5, 0.75));
        exact(b -> b.clamp(b.upload(x, shape), Double.NEGATIVE_INFINITY, 0));
        exact(b -> b.clampBackward(b.upload(x, shape), -0.5, 0.75, b.upload(x, shape)));
        exact(b -> b.copy(b.upload(x, shape)));
        exact(b -> b.countNonFinite(b.upload(x, shape)));
    }

    @Property(tries = 100)
    void activationsAreCloseToTheirFormulas(@ForAll long seed, @ForAll boolean wide) {
        Shape shape = shape(seed, 2);
        Values values = wide ? Values.WIDE : Values.PLAIN;
        double[] x = data(seed, shape, values);
        double[] dy = data(seed + 1, shape, Values.PLAIN);
        // In float32 e⁻ˣ overflows, and silu becomes −0, while x·e⁻ˣ is still a number of the size of 1e-37.
        double least = backend.dtype() == DType.F64 ? 0 : 0x1p-90;
        close(
                b -> b.silu(b.upload(x, shape)),
                b -> b.add(absolute(b.silu(b.upload(x, shape))), b.full(shape, least)),
                8);
        close(b -> b.gelu(b.upload(x, shape)), b -> b.upload(positive(x), shape), 8);
        Function<Backend, Tensor> size = b -> b.multiply(
                b.upload(positive(dy), shape), b.add(b.full(shape, 1), b.upload(positive(limited(x)), shape)));
        close(b -> b.siluBackward(b.upload(x, shape), b.upload(dy, shape)), size, 16);
        close(b -> b.geluBackward(b.upload(x, shape), b.upload(dy, shape)), size, 64);
        close(b -> b.sin(b.upload(x, shape)), 2);
        close(b -> b.cos(b.upload(x, shape)), 2);
    }

    private static double[] positive(double[] x) {
        double[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.abs(y[i]);
        }
        return y;
    }

    private static double[] limited(double[] x) {
        double[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.clamp(y[i], -40, 40);
        }
        return y;
    }

    @Property(tries = 60)
    void activationsOfSpecialValuesFollowTheFormulas(@ForAll long seed) {
        double[] x = {
            Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0, 30000, -30000, 1e-30, -1e-30
        };
        Shape shape = Shape.of(x.length);
        exact(b -> b.silu(b.slice(b.upload(x, shape), 0, 0, 5)));
        exact(b -> b.gelu(b.slice(b.upload(x, shape), 0, 0, 5)));
        double[] dy = data(seed, shape, Values.PLAIN);
        close(b -> b.silu(b.upload(x, shape)), 4);
        close(b -> b.gelu(b.upload(x, shape)), 4);
        close(b -> b.siluBackward(b.upload(x, shape), b.upload(dy, shape)), 8);
        close(b -> b.geluBackward(b.upload(x, shape), b.upload(dy, shape)), 8);
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Property(tries = 150)
    void productsFollowTheDefinition(@ForAll long seed, @ForAll boolean ta, @ForAll boolean tb, @ForAll Values values) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] sizes = {0, 1, 2, 3, 4, 5, 8, 15, 17, 32, 33, 67};
        int[] depths = {0, 1, 2, 7, 16, 40, 255, 256, 257, 600};
        int m = sizes[random.nextInt(sizes.length)];
        int n = sizes[random.nextInt(sizes.length)];
        int k = depths[random.nextInt(depths.length)];
        int batch = random.nextInt(4);
        Shape sa = ta ? Shape.of(batch, k, m) : Shape.of(batch, m, k);
        Shape sb = tb ? Shape.of(batch, n, k) : Shape.of(batch, k, n);
        double[] a = data(seed, sa, values);
        double[] b = data(seed + 1, sb, values);
        Function<Backend, Tensor> product = x -> x.matmul(x.upload(a, sa), ta, x.upload(b, sb), tb);
        if (backend.dtype() == DType.F64 && keepsOrderOfProducts()) {
            exact(product);
        } else if (values != Values.SPECIAL) {
            close(product, x -> x.matmul(x.upload(positive(a), sa), ta, x.upload(positive(b), sb), tb), k + 2);
        }
    }

    @Property(tries = 60)
    void linearIsMatmulThenAdd(@ForAll long seed, @ForAll Values values) {
        SplittableRandom random = new SplittableRandom(seed);
        int n = random.nextInt(1, 40);
        int k = random.nextInt(0, 300);
        Shape sx = Shape.of(random.nextInt(4), random.nextInt(9), k);
        double[] x = data(seed, sx, values);
        double[] w = data(seed + 1, Shape.of(n, k), values);
        double[] bias = data(seed + 2, Shape.of(n), values);
        try (Arena _ = backend.arena()) {
            Tensor tx = backend.upload(x, sx);
            Tensor tw = backend.upload(w, Shape.of(n, k));
            Tensor tb = backend.upload(bias, Shape.of(n));
            Tensor product = backend.matmul(tx.reshape(sx.product(0, 2), k), false, tw, true);
            same(backend.linear(tx, tw, null), product.reshape(sx.with(-1, n)));
            same(
                    backend.linear(tx, tw, tb),
                    backend.add(product, tb.reshape(1, n)).reshape(sx.with(-1, n)));
        }
    }

    private void same(Tensor actual, Tensor expected) {
        assertEquals(expected.shape(), actual.shape());
        equalBits(backend.download(expected), backend.download(actual));
    }

    /// Of products of other extents, the same bits where their order is kept.
    private void sameProducts(Tensor actual, Tensor expected) {
        if (keepsOrderOfProducts()) {
            same(actual, expected);
            return;
        }
        assertEquals(expected.shape(), actual.shape());
        double[] a = backend.download(actual);
        double[] e = backend.download(expected);
        double largest =
                Arrays.stream(e).filter(Double::isFinite).map(Math::abs).max().orElse(0);
        for (int i = 0; i < e.length; i++) {
            if (Double.isFinite(e[i])) {
                assertEquals(e[i], a[i], 4096 * u() * largest, "element " + i);
            } else {
                assertEquals(e[i], a[i], "element " + i);
            }
        }
    }

    @Property(tries = 40)
    void attentionIsItsComposition(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int batch = random.nextInt(1, 4);
        int t = random.nextInt(1, 20);
        int s = random.nextInt(1, 20);
        int d = random.nextInt(1, 20);
        double[] q = data(seed, Shape.of(batch, t, d), Values.PLAIN);
        double[] k = data(seed + 1, Shape.of(batch, s, d), Values.PLAIN);
        double[] v = data(seed + 2, Shape.of(batch, s, d), Values.PLAIN);
        double[] g = data(seed + 3, Shape.of(batch, t, d), Values.PLAIN);
        try (Arena _ = backend.arena()) {
            Tensor tq = backend.upload(q, Shape.of(batch, t, d));
            Tensor tk = backend.upload(k, Shape.of(batch, s, d));
            Tensor tv = backend.upload(v, Shape.of(batch, s, d));
            Tensor dout = backend.upload(g, Shape.of(batch, t, d));
            Attended out = backend.attention(tq, tk, tv, 0.25);
            Tensor p = backend.softmax(backend.scale(backend.matmul(tq, false, tk, true), 0.25));
            same(out.out(), backend.matmul(p, false, tv, false));
            AttentionGradients grad = backend.attentionBackward(tq, tk, tv, 0.25, out, dout);
            Tensor ds = backend.scale(backend.softmaxBackward(p, backend.matmul(dout, false, tv, true)), 0.25);
            same(grad.dv(), backend.matmul(p, true, dout, false));
            same(grad.dq(), backend.matmul(ds, false, tk, false));
            same(grad.dk(), backend.matmul(ds, true, tq, false));
        }
    }

    @Property(tries = 40)
    void headsSideBySideAreCutAttendedAndPutTogether(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int heads = random.nextInt(1, 4);
        int n = random.nextInt(0, 3);
        int t = random.nextInt(10) == 0 ? random.nextInt(250, 530) : random.nextInt(0, 20);
        int s = random.nextInt(0, 40);
        int d = heads * random.nextInt(1, 37);
        Values values = random.nextInt(4) == 0 ? Values.SPECIAL : Values.PLAIN;
        Shape queries = Shape.of(n, t, d);
        Shape keys = Shape.of(n, s, d);
        Shape packed = Shape.of(n, t, 3 * d);
        try (Arena _ = backend.arena()) {
            Tensor q = backend.upload(data(seed, queries, values), queries);
            Tensor k = backend.upload(data(seed + 1, keys, values), keys);
            Tensor v = backend.upload(data(seed + 2, keys, values), keys);
            Tensor dout = backend.upload(data(seed + 3, queries, Values.PLAIN), queries);
            Tensor expected = headsOneByOne(q, k, v, heads);
            Attended out = backend.attention(q, k, v, heads, 0.25);
            sameProducts(out.out(), expected);
            AttentionGradients g = backend.attentionBackward(q, k, v, heads, 0.25, out, dout);
            AttentionGradients one = gradientsOneByOne(q, k, v, heads, dout);
            sameProducts(g.dq(), one.dq());
            sameProducts(g.dk(), one.dk());
            sameProducts(g.dv(), one.dv());

            Tensor qkv = backend.upload(data(seed + 4, packed, values), packed);
            Tensor[] parts = new Tensor[3];
            for (int i = 0; i < 3; i++) {
                parts[i] = backend.slice(qkv, 2, i * d, (i + 1) * d);
            }
            Attended self = backend.selfAttention(qkv, heads, 0.25);
            sameProducts(self.out(), headsOneByOne(parts[0], parts[1], parts[2], heads));
            AttentionGradients p = gradientsOneByOne(parts[0], parts[1], parts[2], heads, dout);
            sameProducts(
                    backend.selfAttentionBackward(qkv, heads, 0.25, self, dout),
                    backend.concat(2, List.of(p.dq(), p.dk(), p.dv())));
        }
    }

    private Tensor head(Tensor x, int heads, int h) {
        int d = x.shape().dim(2) / heads;
        return backend.slice(x, 2, h * d, (h + 1) * d);
    }

    private Tensor probabilities(Tensor q, Tensor k) {
        return backend.softmax(backend.scale(backend.matmul(q, false, k, true), 0.25));
    }

    private Tensor headsOneByOne(Tensor q, Tensor k, Tensor v, int heads) {
        List<Tensor> out = new ArrayList<>();
        for (int h = 0; h < heads; h++) {
            Tensor p = probabilities(head(q, heads, h), head(k, heads, h));
            out.add(backend.matmul(p, false, head(v, heads, h), false));
        }
        return backend.concat(2, out);
    }

    private AttentionGradients gradientsOneByOne(Tensor q, Tensor k, Tensor v, int heads, Tensor dout) {
        List<Tensor> dq = new ArrayList<>();
        List<Tensor> dk = new ArrayList<>();
        List<Tensor> dv = new ArrayList<>();
        for (int h = 0; h < heads; h++) {
            Tensor p = probabilities(head(q, heads, h), head(k, heads, h));
            Tensor dy = head(dout, heads, h);
            Tensor dp = backend.matmul(dy, false, head(v, heads, h), true);
            Tensor ds = backend.scale(backend.softmaxBackward(p, dp), 0.25);
            dv.add(backend.matmul(p, true, dy, false));
            dq.add(backend.matmul(ds, false, head(k, heads, h), false));
            dk.add(backend.matmul(ds, true, head(q, heads, h), false));
        }
        return new AttentionGradients(backend.concat(2, dq), backend.concat(2, dk), backend.concat(2, dv));
    }

    @Property(tries = 60)
    void modulationAndGateAreTheirCompositions(@ForAll long seed, @ForAll Values values) {
        SplittableRandom random = new SplittableRandom(seed);
        int n = random.nextInt(0, 4);
        int t = random.nextInt(8) == 0 ? random.nextInt(250, 600) : random.nextInt(0, 6);
        int d = random.nextInt(6) == 0 ? 1 : random.nextInt(1, 300);
        Shape tokens = Shape.of(n, t, d);
        Shape perToken = Shape.of(n, 1, d);
        Shape vector = Shape.of(n, d);
        try (Arena _ = backend.arena()) {
            Tensor z = backend.upload(data(seed, tokens, values), tokens);
            Tensor x = backend.upload(data(seed + 1, tokens, values), tokens);
            Tensor shift = backend.upload(data(seed + 2, vector, values), vector);
            Tensor scale = backend.upload(data(seed + 3, vector, values), vector);
            Tensor dy = backend.upload(data(seed + 4, tokens, values), tokens);
            Tensor factor = backend.add(scale, backend.full(vector, 1)).reshape(perToken);
            Tensor sum = backend.sumTo(dy, perToken).reshape(vector);
            Tensor products = backend.sumTo(backend.multiply(dy, z), perToken).reshape(vector);

            same(backend.modulate(z, shift, scale), backend.add(backend.multiply(z, factor), shift.reshape(perToken)));
            ModulationGradients m = backend.modulateBackward(z, scale, dy);
            same(m.dz(), backend.multiply(dy, factor));
            same(m.dshift(), sum);
            same(m.dscale(), products);

            Tensor gate = scale.reshape(perToken);
            same(backend.addGated(x, z, scale), backend.add(x, backend.multiply(z, gate)));
            GateGradients g = backend.addGatedBackward(z, scale, dy);
            same(g.dh(), backend.multiply(dy, gate));
            same(g.dgate(), products);
        }
    }

    @Property(tries = 30)
    void aTrainingStepIsClippingAdamWAndAverage(@ForAll long seed, @ForAll @IntRange(min = 0, max = 1200) int n) {
        Shape shape = Shape.of(n);
        try (Arena _ = backend.arena()) {
            Tensor[] fused = new Tensor[4];
            Tensor[] plain = new Tensor[4];
            for (int i = 0; i < 4; i++) {
                double[] values = data(seed + i, shape, i == 1 ? Values.SPECIAL : Values.PLAIN);
                fused[i] = backend.upload(i == 2 ? positive(values) : values, shape);
                plain[i] = backend.copy(fused[i]);
            }
            Tensor g = backend.upload(data(seed + 5, shape, Values.WIDE), shape);
            Tensor factor = backend.full(Shape.SCALAR, 0.3);
            AdamWStep step = new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0.1, 7);
            backend.train(fused[0], g, factor, fused[1], fused[2], fused[3], step, 0.99);
            backend.adamW(plain[0], backend.multiply(g, factor.reshape(1)), plain[1], plain[2], step);
            backend.average(plain[3], plain[0], 0.99);
            for (int i = 0; i < 4; i++) {
                same(fused[i], plain[i]);
            }
        }
    }

    @Property(tries = 1)
    void whatIsReleasedIsGoneAtMostAndItsMemoryServesAgain() {
        try (Arena _ = backend.arena()) {
            Tensor kept = backend.full(Shape.of(1000), 1);
            Tensor given = backend.full(Shape.of(1000), 2);
            backend.release(given.reshape(10, 100));
            backend.release(given);
            Tensor next = backend.full(Shape.of(1000), 3);
            Tensor another = backend.full(Shape.of(1000), 4);
            for (int i = 0; i < 1000; i++) {
                assertEquals(1, backend.download(kept)[i]);
                assertEquals(3, backend.download(next)[i]);
                assertEquals(4, backend.download(another)[i]);
            }
        }
    }

    // ---- rows and sums --------------------------------------------------------------------------------------

    @Property(tries = 100)
    void rowOperationsAreCloseToTheirFormulas(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int rank) {
        Shape shape = shape(seed, rank).with(-1, 3 + (int) Math.floorMod(seed, 150L));
        int d = shape.dim(-1);
        double[] x = data(seed, shape, Values.PLAIN);
        double[] dy = data(seed + 1, shape, Values.PLAIN);
        Function<Backend, Tensor> one = b -> b.full(shape, 8);
        close(b -> b.layerNorm(b.upload(x, shape), 1e-6).y(), one, 4 * (d + 8));
        close(b -> b.layerNorm(b.upload(x, shape), 1e-6).rstd(), 4 * (d + 8));
        double[] rstd =
                naive.download(naive.layerNorm(naive.upload(x, shape), 1e-6).rstd());
        double[] rounded = data(0, shape.with(-1, 1), Values.PLAIN);
        for (int i = 0; i < rstd.length; i++) {
            rounded[i] = backend.dtype() == DType.F64 ? rstd[i] : (float) rstd[i];
        }
        close(
                b -> b.layerNormBackward(
                        new Normalized(b.upload(x, shape), b.upload(rounded, shape.with(-1, 1))), b.upload(dy, shape)),
                b -> b.multiply(b.full(shape, 16), b.upload(rounded, shape.with(-1, 1))),
                4 * (d + 8));
        close(b -> b.softmax(b.upload(x, shape)), d + 16);
        double[] p = positive(x);
        close(b -> b.softmaxBackward(b.upload(p, shape), b.upload(dy, shape)), b -> b.full(shape, 16.0 * d), d + 8);
    }

    @Property(tries = 50)
    void softmaxOfSpecialValuesFollowsTheFormula(@ForAll long seed) {
        Shape shape = shape(seed, 2);
        double[] x = data(seed, shape, Values.SPECIAL);
        close(b -> b.softmax(b.upload(x, shape)), b -> b.full(shape, 1), shape.dim(1) + 200);
    }

    @Property(tries = 150)
    void sumsOverAnyAxesAreClose(@ForAll long seed, @ForAll @IntRange(min = 0, max = 5) int rank) {
        Shape shape = shape(seed, rank);
        int[] to = shape.dims();
        int terms = 1;
        for (int i = 0; i < rank; i++) {
            if ((seed >> i & 1) == 0) {
                terms *= to[i];
                to[i] = 1;
            }
        }
        double[] x = data(seed, shape, Values.WIDE);
        Shape target = Shape.of(to);
        close(b -> b.sumTo(b.upload(x, shape), target), b -> b.sumTo(b.upload(positive(x), shape), target), terms + 1);
        close(b -> b.sumOfSquares(b.upload(x, shape)), x.length + 2);
    }

    @Property(tries = 8)
    void longSumsAreClose(@ForAll @IntRange(min = 4000, max = 30000) int n, @ForAll long seed) {
        double[] x = data(seed, Shape.of(n), Values.PLAIN);
        // Blocks and lanes: far better than n·u.
        close(
                b -> b.sumTo(b.upload(x, Shape.of(n)), Shape.of(1)),
                b -> b.sumTo(b.upload(positive(x), Shape.of(n)), Shape.of(1)),
                600);
        close(b -> b.sumOfSquares(b.upload(x, Shape.of(n))), 600);
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    @Property(tries = 100)
    void layoutOperationsMoveBits(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 5) int rank, @ForAll Values values) {
        Shape shape = shape(seed, rank);
        SplittableRandom random = new SplittableRandom(seed);
        int[] axes = new int[rank];
        for (int i = 0; i < rank; i++) {
            int j = random.nextInt(i + 1);
            axes[i] = axes[j];
            axes[j] = i;
        }
        double[] x = data(seed, shape, values);
        exact(b -> b.permute(b.upload(x, shape), axes));
        int axis = random.nextInt(-rank, rank);
        int extent = shape.dim(axis);
        int from = random.nextInt(extent + 1);
        int to = random.nextInt(from, extent + 1);
        exact(b -> b.slice(b.upload(x, shape), axis, from, to));
        Shape other = shape.with(axis, 3);
        double[] y = data(seed + 2, other, values);
        exact(b -> b.concat(axis, List.of(b.upload(y, other), b.upload(x, shape), b.upload(y, other))));
    }

    @Property(tries = 60)
    void gatherAndItsTranspose(@ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int rows) {
        SplittableRandom random = new SplittableRandom(seed);
        int d = random.nextInt(20);
        int n = random.nextInt(12);
        int[] index = random.ints(n, 0, rows).toArray();
        double[] table = data(seed, Shape.of(rows, d), Values.SPECIAL);
        double[] dy = data(seed + 1, Shape.of(n, d), Values.PLAIN);
        exact(b -> b.gather(b.upload(table, Shape.of(rows, d)), b.uploadIndices(index, Shape.of(n))));
        close(
                b -> b.gatherBackward(b.upload(dy, Shape.of(n, d)), b.uploadIndices(index, Shape.of(n)), rows),
                b -> b.full(Shape.of(rows, d), 2.0 * n),
                n);
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> backend.gather(
                        backend.upload(table, Shape.of(rows, d)),
                        backend.uploadIndices(new int[] {rows}, Shape.of(1))));
    }

    // ---- in place -------------------------------------------------------------------------------------------

    @Property(tries = 40)
    void optimizerStepsAreClose(@ForAll long seed, @ForAll @IntRange(min = 0, max = 70) int n) {
        Shape shape = Shape.of(n);
        double[] w = data(seed, shape, Values.PLAIN);
        double[] g = data(seed + 1, shape, Values.PLAIN);
        double[] m = data(seed + 2, shape, Values.PLAIN);
        double[] v = positive(data(seed + 3, shape, Values.PLAIN));
        AdamWStep step = new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0.1, 1 + Math.floorMod(seed, 50L));
        for (int part = 0; part < 3; part++) {
            int which = part;
            Function<Backend, Tensor> f = b -> {
                Tensor[] t = {b.upload(w, shape), b.upload(m, shape), b.upload(v, shape)};
                b.adamW(t[0], b.upload(g, shape), t[1], t[2], step);
                return t[which];
            };
            if (backend.dtype() == DType.F64) {
                exact(f);
            } else {
                // |m| / √v may be large, and so may the step.
                close(f, b -> b.add(b.full(shape, 4), b.scale(absolute(f.apply(b)), 4)), 16);
            }
        }
        close(
                b -> {
                    Tensor target = b.upload(w, shape);
                    b.average(target, b.upload(g, shape), 0.9375); // exact in both types
                    b.addInPlace(target, b.upload(m, shape));
                    return target;
                },
                b -> b.full(shape, 4),
                4);
    }

    // ---- the contract ---------------------------------------------------------------------------------------

    @Property(tries = 20)
    void aSampleDoesNotNoticeItsBatch(@ForAll long seed) {
        Shape one = Shape.of(1, 9, 33);
        Shape two = Shape.of(2, 9, 33);
        double[] x = data(seed, one, Values.PLAIN);
        double[] other = data(seed + 1, one, Values.SPECIAL);
        double[] w = data(seed + 2, Shape.of(40, 33), Values.PLAIN);
        List<BiFunction<Backend, Tensor, Tensor>> operations = List.of(
                (b, t) -> b.linear(t, b.upload(w, Shape.of(40, 33)), null),
                (b, t) -> b.matmul(t, false, t, true),
                (b, t) -> b.matmul(t, true, t, false),
                (b, t) -> b.layerNorm(t, 1e-6).y(),
                (b, t) -> b.softmax(t),
                (b, t) -> b.gelu(t),
                (b, t) -> b.silu(t),
                (b, t) -> b.sumTo(t, t.shape().with(1, 1)),
                (b, t) -> b.sumTo(t, t.shape().with(2, 1)));
        try (Arena _ = backend.arena()) {
            Tensor alone = backend.upload(x, one);
            Tensor pair = backend.concat(0, List.of(backend.upload(other, one), alone));
            assertEquals(two, pair.shape());
            for (var operation : operations.subList(keepsOrderOfProducts() ? 0 : PRODUCTS, operations.size())) {
                Tensor expected = operation.apply(backend, alone);
                same(backend.slice(operation.apply(backend, pair), 0, 1, 2), expected);
            }
        }
    }

    @Property(tries = 1)
    void argumentsThatDoNotFitAreRefusedInOneSentence() {
        Tensor x = backend.full(Shape.of(2, 3), 1);
        Tensor y = backend.full(Shape.of(3, 2), 1);
        Tensor i = backend.uploadIndices(new int[] {0, 1}, Shape.of(2));
        List<Runnable> wrong = List.of(
                () -> backend.upload(new double[5], Shape.of(2, 3)),
                () -> backend.uploadIndices(new int[5], Shape.of(2, 3)),
                () -> backend.add(x, y),
                () -> backend.add(x, backend.full(Shape.of(3), 1)),
                () -> backend.multiply(i, i),
                () -> backend.sqrt(i),
                () -> backend.siluBackward(x, y),
                () -> backend.clamp(x, 1, 0),
                () -> backend.matmul(x, false, x, false),
                () -> backend.matmul(x, true, y, false),
                () -> backend.linear(x, x.reshape(6), null),
                () -> backend.linear(x, x, y),
                () -> backend.attention(x.reshape(1, 2, 3), x.reshape(1, 2, 3), y.reshape(1, 3, 2), 1, 1),
                () -> backend.attention(x.reshape(1, 2, 3), x.reshape(1, 2, 3), x.reshape(1, 2, 3), 2, 1),
                () -> backend.selfAttention(y.reshape(1, 3, 2), 1, 1),
                () -> backend.modulate(x.reshape(1, 2, 3), y, y),
                () -> backend.addGated(x.reshape(2, 1, 3), x.reshape(2, 1, 3), y),
                () -> backend.train(x, x, x, x, x, x, new AdamWStep(1, 0.9, 0.9, 1e-8, 0, 1), 0.5),
                () -> backend.layerNorm(backend.full(Shape.SCALAR, 1), 1e-6),
                () -> backend.softmaxBackward(x, y),
                () -> backend.sumTo(x, Shape.of(3, 1)),
                () -> backend.permute(x, 0, 0),
                () -> backend.permute(x, 0),
                () -> backend.concat(0, List.of(x, y)),
                () -> backend.concat(2, List.of(x, x)),
                () -> backend.concat(0, List.of()),
                () -> backend.slice(x, 1, 2, 4),
                () -> backend.gather(x, y),
                () -> backend.gatherBackward(x, backend.uploadIndices(new int[3], Shape.of(3)), 4),
                () -> backend.addInPlace(x, y),
                () -> backend.average(x, y, 0.5),
                () -> backend.adamW(x, x, x, y, new AdamWStep(1, 0.9, 0.9, 1e-8, 0, 1)));
        for (int n = 0; n < wrong.size(); n++) {
            refusal(wrong.get(n)::run, "case " + n);
        }
    }

    /// The sentence with which wrong arguments are refused.
    private static String refusal(Executable call, String what) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call, what);
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("expects") && message.contains("got") && !message.contains("\n"), message);
        return message;
    }

    @Property(tries = 20)
    void arraysComeAndGoWithoutACopyAsWithOne(@ForAll long seed, @ForAll @IntRange(max = 70000) int n) {
        try (Arena _ = backend.arena()) {
            Shape shape = Shape.of(n);
            double[] given = data(seed, shape, Values.SPECIAL);
            double[] expected = backend.download(backend.upload(given, shape));
            Tensor x = backend.adopt(given.clone(), shape);
            equalBits(expected, backend.download(x));
            equalBits(expected, backend.elements(x));
            equalBits(expected, backend.elements(x.reshape(1, n)));

            Tensor copy = backend.copy(x);
            double[] taken = backend.take(copy);
            equalBits(expected, taken);
            Arrays.fill(taken, 3);
            Tensor others = backend.full(shape, 1); // may not have the memory of what was taken
            equalBits(expected, backend.download(x));
            assertTrue(Arrays.stream(taken).allMatch(v -> v == 3));
            assertTrue(Arrays.stream(backend.download(others)).allMatch(v -> v == 1));
            equalBits(given, backend.take(backend.adopt(given.clone(), shape)));
            equalBits(new double[] {2, 0}, backend.elements(backend.uploadIndices(new int[] {2, 0}, Shape.of(2))));
            equalBits(new double[] {2, 0}, backend.take(backend.uploadIndices(new int[] {2, 0}, Shape.of(2))));
        }
    }

    @Property(tries = 60)
    void anAxisComesInAnotherOrder(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int rank) {
        try (Arena _ = backend.arena()) {
            SplittableRandom random = new SplittableRandom(seed);
            Shape shape = shape(seed, rank);
            int axis = random.nextInt(-rank, rank);
            int width = shape.product(shape.axis(axis) + 1, rank);
            int[] order = random.ints(shape.dim(axis), 0, Math.max(1, shape.dim(axis)))
                    .toArray(); // some twice, others never
            double[] given = data(seed, shape, Values.SPECIAL);
            double[] expected = new double[given.length];
            for (int i = 0; i < given.length; i++) {
                int along = i / width % order.length;
                expected[i] = given[i + (order[along] - along) * width];
            }
            equalBits(
                    backend.download(backend.upload(expected, shape)),
                    backend.download(backend.upload(given, shape, axis, order)));
        }
    }

    @Property(tries = 1)
    void anOrderFitsItsAxis() {
        double[] six = new double[6];
        Shape shape = Shape.of(2, 3);
        for (int[] order : List.of(new int[] {0, 1}, new int[] {0, 1, 3}, new int[] {0, -1, 2})) {
            String message = refusal(() -> backend.upload(six, shape, 1, order), Arrays.toString(order));
            assertTrue(message.contains("expects 3 indices below 3"), message);
        }
        refusal(() -> backend.upload(six, shape, 2, new int[] {0, 1, 2}), "no axis");
        refusal(() -> backend.upload(new double[5], shape, 0, new int[] {0, 1}), "too few values");
    }

    @Property(tries = 20)
    void idleArraysAreNobodys(@ForAll long seed, @ForAll @IntRange(max = 3000) int n) {
        try (Arena _ = backend.arena()) {
            Shape shape = Shape.of(n);
            double[] given = data(seed, shape, Values.SPECIAL);
            double[] expected = backend.download(backend.upload(given, shape));
            double[] first = backend.array(n);
            double[] second = backend.array(n);
            assertEquals(n, first.length);
            System.arraycopy(given, 0, first, 0, n);
            Arrays.fill(second, 3);
            Tensor x = backend.adopt(first, shape);
            backend.giveBack(second);
            Tensor others = backend.full(shape, 1); // may have that memory, but not that of x
            equalBits(expected, backend.download(x));
            double[] longer = new double[n + 1];
            longer[n] = 5;
            backend.download(x, longer);
            equalBits(expected, Arrays.copyOf(longer, n));
            assertEquals(5, longer[n]);
            assertTrue(Arrays.stream(backend.download(others)).allMatch(v -> v == 1));
        }
    }

    private static void equalBits(double[] expected, double[] actual) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(bits(expected[i]), bits(actual[i]), "element " + i);
        }
    }

    @Property(tries = 1)
    void arenasFreeWhatIsNotKept() {
        Tensor before = backend.full(Shape.of(2), 1);
        Tensor kept;
        Tensor keptOnce;
        Tensor lost;
        try (Arena outer = backend.arena()) {
            Arena inner = backend.arena();
            assertThrows(IllegalStateException.class, outer::close);
            lost = backend.full(Shape.of(2), 2);
            kept = outer.keep(inner.keep(backend.full(Shape.of(2), 3)));
            keptOnce = inner.keep(backend.full(Shape.of(2), 4).reshape(1, 2));
            inner.close();
            inner.close(); // a second time does nothing
            assertEquals(4, backend.download(keptOnce)[1]);
        }
        assertEquals(1, backend.download(before)[0]);
        assertEquals(3, backend.download(kept)[0]);
        assertThrows(IllegalStateException.class, () -> backend.download(keptOnce));
        assertThrows(IllegalStateException.class, () -> backend.add(lost, lost));
    }

    @Property(tries = 1)
    void argumentsAreNotChangedAndResultsAreNew() {
        double[] x = data(1, Shape.of(3, 5), Values.SPECIAL);
        try (Arena _ = backend.arena()) {
            Tensor t = backend.upload(x, Shape.of(3, 5));
            Tensor copy = backend.copy(t);
            Tensor whole = backend.slice(t, 0, 0, 3);
            Tensor summed = backend.sumTo(t, Shape.of(3, 5));
            Tensor moved = backend.permute(t, 0, 1);
            backend.softmax(t);
            backend.layerNorm(t, 1e-6);
            backend.gelu(t);
            same(t, copy);
            backend.addInPlace(t, backend.full(Shape.of(3, 5), 1));
            same(whole, copy);
            same(summed, copy);
            same(moved, copy);
        }
    }
}

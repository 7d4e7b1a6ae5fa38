package deepflow.tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Every operation of [Backend] at several shapes, on fixed data: what must give the same bits in every JVM, with
/// every vector width and every number of threads.
public final class OperationCases {
    /// Extents around the sizes where kernels change their way: vectors, tiles, blocks of k, chunks.
    private static final int[] LENGTHS = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 40, 64, 100, 255, 513};

    private static final int[][] PRODUCTS = {
        {1, 1, 1},
        {3, 5, 7},
        {4, 16, 8},
        {5, 33, 256},
        {17, 9, 257},
        {40, 40, 48},
        {33, 65, 513},
        {8, 3, 0},
        {130, 70, 20},
        {7, 520, 12}
    };

    private OperationCases() {}

    /// Results by name of the case, in a fixed order; each is closed over its own arena.
    public static Map<String, List<double[]>> run(Backend b) {
        Map<String, List<double[]>> out = new LinkedHashMap<>();
        for (int n : LENGTHS) {
            put(b, out, "pointwise " + n, () -> pointwise(b, n));
            put(b, out, "sums " + n, () -> sums(b, n));
            put(b, out, "optimizer " + n, () -> optimizer(b, n));
        }
        for (int n : new int[] {4095, 4097, 9000}) {
            put(b, out, "long sums " + n, () -> longSums(b, n));
        }
        for (int d : new int[] {1, 2, 7, 8, 16, 17, 33, 40, 100, 513}) {
            put(b, out, "rows " + d, () -> rows(b, d));
        }
        for (int[] p : PRODUCTS) {
            put(b, out, "product " + String.join("×", ints(p)), () -> products(b, p[0], p[1], p[2]));
        }
        put(b, out, "large pieces", () -> large(b));
        put(b, out, "layout", () -> layout(b));
        for (int[] s : new int[][] {{3, 5, 7, 2}, {1, 260, 9, 1}, {1, 17, 16, 3}, {24, 16, 20, 2}}) {
            put(b, out, "tokens " + String.join("×", ints(s)), () -> tokens(b, s[0], s[1], s[2] * s[3], s[3]));
        }
        return out;
    }

    private interface Body {
        List<Tensor> run();
    }

    private static void put(Backend b, Map<String, List<double[]>> out, String name, Body body) {
        try (Arena _ = b.arena()) {
            out.put(name, body.run().stream().map(b::download).toList());
        }
    }

    private static String[] ints(int[] values) {
        String[] s = new String[values.length];
        for (int i = 0; i < s.length; i++) {
            s[i] = Integer.toString(values[i]);
        }
        return s;
    }

    /// Values of ordinary size.
    public static Tensor plain(Backend b, long seed, int... dims) {
        return b.upload(values(seed, Shape.of(dims), false), Shape.of(dims));
    }

    /// Values with every special case among them.
    public static Tensor special(Backend b, long seed, int... dims) {
        return b.upload(values(seed, Shape.of(dims), true), Shape.of(dims));
    }

    private static double[] values(long seed, Shape shape, boolean special) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] rare = {
            0.0,
            -0.0,
            1,
            -1,
            Double.NaN,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.MIN_VALUE,
            -Double.MIN_NORMAL / 2,
            1e-40,
            -1e-45,
            Float.MIN_NORMAL,
            1e300,
            -1e300,
            1e30,
            3e38,
            -88.7,
            88.73,
            -104,
            -745.2,
            709.79,
            -708.5,
            -87.5,
            1e-20,
            1e-160
        };
        double[] v = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < v.length; i++) {
            v[i] = special && random.nextInt(4) == 0
                    ? rare[random.nextInt(rare.length)]
                    : (random.nextDouble() - 0.5) * (special ? Math.scalb(1.0, random.nextInt(20) - 8) : 4);
        }
        return v;
    }

    private static List<Tensor> pointwise(Backend b, int n) {
        List<Tensor> out = new ArrayList<>();
        for (boolean special : new boolean[] {false, true}) {
            Tensor x = special ? special(b, 1, n) : plain(b, 1, n);
            Tensor y = special ? special(b, 2, n) : plain(b, 2, n);
            out.addAll(List.of(b.add(x, y), b.subtract(x, y), b.multiply(x, y), b.divide(x, y)));
            out.addAll(List.of(b.scale(x, 0.3), b.sqrt(x), b.sin(x), b.cos(x), b.silu(x), b.gelu(x)));
            out.addAll(List.of(b.siluBackward(x, y), b.geluBackward(x, y)));
            out.addAll(List.of(b.clamp(x, -0.5, 0.7), b.clampBackward(x, -0.5, 0.7, y)));
            Tensor wide = special ? special(b, 3, 3, n, 2) : plain(b, 3, 3, n, 2);
            for (int[] to : new int[][] {{1, n, 1}, {3, 1, 2}, {3, 1, 1}, {1, 1, 2}, {1, 1, 1}, {3, n, 1}}) {
                out.add(b.divide(wide, special ? special(b, 4, to) : plain(b, 4, to)));
            }
        }
        return out;
    }

    private static List<Tensor> sums(Backend b, int n) {
        List<Tensor> out = new ArrayList<>();
        for (boolean special : new boolean[] {false, true}) {
            Tensor x = special ? special(b, 5, n) : plain(b, 5, n);
            out.addAll(List.of(b.sumTo(x, Shape.of(1)), b.sumOfSquares(x), b.countNonFinite(x)));
        }
        Tensor wide = plain(b, 6, 3, n, 2, 5);
        for (int mask = 0; mask < 16; mask++) {
            int[] to = wide.shape().dims();
            for (int axis = 0; axis < 4; axis++) {
                to[axis] = (mask >> axis & 1) != 0 ? 1 : to[axis];
            }
            out.add(b.sumTo(wide, Shape.of(to)));
        }
        return out;
    }

    private static List<Tensor> longSums(Backend b, int n) {
        Tensor x = plain(b, 40, n);
        return List.of(b.sumTo(x, Shape.of(1)), b.sumOfSquares(x), b.sumTo(plain(b, 41, n, 2), Shape.of(1, 2)));
    }

    private static List<Tensor> optimizer(Backend b, int n) {
        Tensor w = plain(b, 7, n);
        Tensor m = plain(b, 8, n);
        Tensor v = b.multiply(plain(b, 9, n), plain(b, 9, n));
        Tensor g = plain(b, 10, n);
        Tensor mean = b.copy(w);
        for (int step = 1; step <= 3; step++) {
            b.adamW(w, g, m, v, new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0.01, step));
            b.average(mean, w, 0.999);
            b.addInPlace(g, mean);
            b.train(w, g, b.full(Shape.SCALAR, 0.4), m, v, mean, new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0, step), 0.9);
        }
        return List.of(w, m, v, g, mean);
    }

    private static List<Tensor> rows(Backend b, int d) {
        List<Tensor> out = new ArrayList<>();
        for (boolean special : new boolean[] {false, true}) {
            Tensor x = special ? special(b, 11, 2, 9, d) : plain(b, 11, 2, 9, d);
            Tensor dy = plain(b, 12, 2, 9, d);
            Normalized y = b.layerNorm(x, 1e-6);
            Tensor p = b.softmax(x);
            out.addAll(List.of(y.y(), y.rstd(), b.layerNormBackward(y, dy), p, b.softmaxBackward(p, dy)));
        }
        return out;
    }

    private static List<Tensor> products(Backend b, int m, int n, int k) {
        List<Tensor> out = new ArrayList<>();
        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                Tensor x = ta ? plain(b, 13, 3, k, m) : plain(b, 13, 3, m, k);
                Tensor y = tb ? plain(b, 14, 3, n, k) : plain(b, 14, 3, k, n);
                out.add(b.matmul(x, ta, y, tb));
                out.add(b.matmul(
                        special(b, 15, x.shape().dims()),
                        ta,
                        special(b, 16, y.shape().dims()),
                        tb));
            }
        }
        Tensor x = plain(b, 17, 2, m, k);
        Tensor w = plain(b, 18, n, k);
        out.add(b.linear(x, w, null));
        out.add(b.linear(x, w, special(b, 19, n)));
        if (k > 0 && m > 1) {
            Tensor q = plain(b, 20, 2, m, k);
            Tensor key = plain(b, 21, 2, n, k);
            Tensor value = plain(b, 22, 2, n, k);
            Attended a = b.attention(q, key, value, 0.2);
            AttentionGradients g = b.attentionBackward(q, key, value, 0.2, a, plain(b, 23, 2, m, k));
            out.addAll(List.of(a.out(), g.dq(), g.dk(), g.dv()));
        }
        return out;
    }

    private static List<Tensor> tokens(Backend b, int n, int t, int d, int heads) {
        Tensor x = plain(b, 50, n, t, d);
        Tensor h = plain(b, 51, n, t, d);
        Tensor shift = plain(b, 52, n, d);
        Tensor scale = plain(b, 53, n, d);
        Tensor dy = plain(b, 54, n, t, d);
        ModulationGradients m = b.modulateBackward(x, scale, dy);
        GateGradients g = b.addGatedBackward(h, scale, dy);
        Attended a = b.attention(x, h, dy, heads, 0.2);
        AttentionGradients ag = b.attentionBackward(x, h, dy, heads, 0.2, a, x);
        Tensor qkv = plain(b, 55, n, t, 3 * d);
        Attended self = b.selfAttention(qkv, heads, 0.2);
        return List.of(
                b.modulate(x, shift, scale),
                b.addGated(x, h, scale),
                m.dz(),
                m.dshift(),
                m.dscale(),
                g.dh(),
                g.dgate(),
                a.out(),
                ag.dq(),
                ag.dk(),
                ag.dv(),
                self.out(),
                b.selfAttentionBackward(qkv, heads, 0.2, self, dy));
    }

    /// Sizes at which work is split between threads.
    private static List<Tensor> large(Backend b) {
        Tensor x = plain(b, 30, 90, 300);
        Tensor y = plain(b, 31, 90, 300);
        Normalized norm = b.layerNorm(x, 1e-6);
        Tensor p = b.softmax(x);
        return List.of(
                b.matmul(x, false, y, true),
                b.matmul(x, true, y, false),
                b.silu(x),
                b.geluBackward(x, y),
                b.add(x, y),
                b.multiply(x, plain(b, 32, 1, 300)),
                b.multiply(x, plain(b, 33, 90, 1)),
                norm.y(),
                b.layerNormBackward(norm, y),
                p,
                b.softmaxBackward(p, y),
                b.sumTo(plain(b, 34, 700, 120), Shape.of(1, 120)),
                b.sumTo(plain(b, 34, 700, 120), Shape.of(700, 1)),
                b.sumOfSquares(plain(b, 35, 100_001)),
                b.countNonFinite(special(b, 36, 100_001)),
                b.permute(plain(b, 37, 30, 40, 50), 2, 0, 1));
    }

    private static List<Tensor> layout(Backend b) {
        Tensor x = special(b, 24, 3, 4, 5, 2);
        Tensor y = plain(b, 25, 3, 7, 5, 2);
        Tensor table = plain(b, 26, 6, 5);
        Tensor indices = b.uploadIndices(new int[] {5, 0, 0, 3, 5, 5, 2}, Shape.of(7));
        return List.of(
                b.permute(x, 0, 1, 2, 3),
                b.permute(x, 3, 1, 0, 2),
                b.permute(x, 0, 2, 1, 3),
                b.permute(x, 1, 0, 3, 2),
                b.concat(1, List.of(x, y, x)),
                b.concat(-3, List.of(y)),
                b.slice(y, 1, 2, 6),
                b.slice(y, -1, 1, 1),
                b.slice(x, 0, 1, 3),
                b.gather(table, indices),
                b.gatherBackward(plain(b, 27, 7, 5), indices, 6),
                b.full(Shape.of(2, 3), 0.1),
                b.copy(x),
                indices,
                b.copy(indices));
    }
}

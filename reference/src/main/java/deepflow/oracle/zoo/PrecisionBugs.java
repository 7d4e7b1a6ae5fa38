package deepflow.oracle.zoo;

import deepflow.autograd.Variable;
import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Right formulas in types that are too narrow for what the dump declares.
final class PrecisionBugs {
    private static final FloatFormat BF16 = FloatFormat.BF16;
    /// Terms that are added exactly before a running sum in bfloat16 takes them.
    private static final int TILE = 16;

    private static final String PRODUCTS = Zoo.any(
            Zoo.act(
                    "x_embedder(\\.proj)?",
                    ".*(qkv|proj|fc1|fc2|linear|mlp|attn|multihead_attn)",
                    ".*\\.\\d",
                    "d?t_embedder.*",
                    ".*cross_attention"),
            "out\\..*",
            Zoo.gradact(".*"),
            Zoo.grad(".*"));
    private static final String SOFTMAX =
            Zoo.any(Zoo.act(".*attn(\\.proj)?"), Zoo.gradact(".*attn\\.qkv", ".*layer_norm"), Zoo.grad(".*attn\\..*"));
    private static final String NORMS = Zoo.any(
            Zoo.act(".*norm[12]", ".*norm_final", ".*layer_norm", ".*[qk]_norm", ".*(qkv|fc1|linear)"),
            Zoo.gradact(".*"),
            Zoo.grad(".*"));

    static final List<Bug> ALL = List.of(
            bug(
                    "products-in-bf16",
                    "Inputs of products are rounded to bfloat16: autocast is on where it is not declared.",
                    "autocast, allow_bf16 switches",
                    PRODUCTS,
                    a -> finer(a, BF16),
                    new Mistake.Operation(new RoundedProducts(BF16))),
            bug(
                    "products-in-tf32",
                    "Inputs of products are rounded to TensorFloat-32, which is not declared.",
                    "allow_tf32",
                    PRODUCTS,
                    a -> finer(a, FloatFormat.TF32),
                    new Mistake.Operation(new RoundedProducts(FloatFormat.TF32))),
            bug(
                    "accumulation-in-bf16",
                    "Products keep their running sum in bfloat16 from one tile of 16 terms to the next; accumulators are"
                            + " float32.",
                    "the accumulator's type in the product kernel",
                    PRODUCTS,
                    a -> true,
                    new Mistake.Operation(new Alteration() {
                        @Override
                        public Tensor matmul(Backend b, Tensor x, boolean transposeX, Tensor y, boolean transposeY) {
                            return tiled(b, x, transposeX, y, transposeY);
                        }

                        @Override
                        public Tensor linear(Backend b, Tensor x, Tensor w, @Nullable Tensor bias) {
                            int in = w.shape().dim(1);
                            int out = w.shape().dim(0);
                            int rows = Math.toIntExact(x.size() / in);
                            Tensor y = tiled(b, x.reshape(rows, in), false, w, true);
                            return (bias == null ? y : b.add(y, bias.reshape(1, out)))
                                    .reshape(x.shape().with(-1, out));
                        }
                    })),
            bug(
                    "softmax-in-bf16",
                    "Attention's probabilities are rounded to bfloat16 before they meet the values.",
                    "the type of softmax in attention",
                    SOFTMAX,
                    a -> finer(a, BF16),
                    new Mistake.Operation(new Alteration() {
                        @Override
                        public Attended attention(Backend b, Tensor q, Tensor k, Tensor v, double scale) {
                            Tensor p = rounded(b, b.softmax(b.scale(b.matmul(q, false, k, true), scale)));
                            return new Attended(b.matmul(p, false, v, false), p);
                        }

                        @Override
                        public AttentionGradients attentionBackward(
                                Backend b, Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
                            Tensor p = forward.saved();
                            Tensor ds = b.scale(b.softmaxBackward(p, b.matmul(dout, false, v, true)), scale);
                            return new AttentionGradients(
                                    b.matmul(ds, false, k, false),
                                    b.matmul(ds, true, q, false),
                                    b.matmul(p, true, dout, false));
                        }
                    })),
            bug(
                    "norm-statistics-in-bf16",
                    "LayerNorm's mean and 1/√(variance + ε) are rounded to bfloat16; they are float32.",
                    "the type of LayerNorm's statistics",
                    NORMS,
                    a -> true,
                    new Mistake.Operation(new Alteration() {
                        @Override
                        public Normalized layerNorm(Backend b, Tensor x, double eps) {
                            return narrowNorm(b, x, eps);
                        }
                    })),
            bug(
                    "stream-in-bf16",
                    "The residual stream is rounded to bfloat16 after every block.",
                    "the type of what a block returns",
                    Zoo.any(Zoo.act("blocks\\.\\d+")),
                    a -> a.given().unit() < BF16.unit(),
                    new Mistake.Output("blocks\\.\\d+", (s, call, y) -> rounded(y))),
            bug(
                    "times-in-bf16",
                    "The phases t·f of time embeddings are computed in bfloat16; sinusoids are computed in float32.",
                    "the type of the time embedder's frequencies",
                    Zoo.any(Zoo.act("d?t_embedder\\.mlp\\.0"), Zoo.grad("d?t_embedder\\.mlp\\.0\\.weight")),
                    a -> true,
                    new Mistake.Output(
                            "d?t_embedder\\.mlp\\.0",
                            (s, call, y) -> Formulas.sinusoids(s, call, Formulas.times(s, call), (t, j) -> {
                                double f = StrictMath.exp(-StrictMath.log(10000) * (j % 128) / 128);
                                double angle = BF16.nearest(BF16.nearest(t) * BF16.nearest(f));
                                return j < 128 ? StrictMath.cos(angle) : StrictMath.sin(angle);
                            }))),
            bug(
                    "loss-in-bf16",
                    "Losses are rounded to bfloat16.",
                    "the type of the mean in the losses",
                    "loss\\..*",
                    a -> a.given().unit() < BF16.unit(),
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public Variable velocityLoss(Scene s, int branch, Variable v) {
                            return rounded(LossForm.super.velocityLoss(s, branch, v));
                        }

                        @Override
                        public Variable accelerationLoss(Scene s, int branch, Variable v, Variable a) {
                            return rounded(LossForm.super.accelerationLoss(s, branch, v, a));
                        }
                    })));

    private PrecisionBugs() {}

    private static Bug bug(
            String name, String says, String look, String strikes, Predicate<Arithmetic> possible, Mistake mistake) {
        return new Bug(name, Bug.Area.PRECISION, says, look, List.of(), strikes, (c, a) -> possible.test(a), mistake);
    }

    /// Whether products are more accurate than with inputs of a type.
    private static boolean finer(Arithmetic a, FloatFormat than) {
        return a.productInput().unit() < than.unit();
    }

    private static Tensor rounded(Backend b, Tensor x) {
        return Formulas.map(b, x, BF16::nearest);
    }

    private static Variable rounded(Variable x) {
        return x.tape().intercept(x, rounded(x.backend(), x.value()), dy -> dy);
    }

    private static Normalized narrowNorm(Backend b, Tensor x, double eps) {
        int width = x.shape().dim(-1);
        double[] v = b.download(x);
        double[] rstd = new double[v.length / width];
        for (int row = 0; row < rstd.length; row++) {
            double sum = 0;
            for (int i = 0; i < width; i++) {
                sum += v[row * width + i];
            }
            double mean = BF16.nearest(sum / width);
            double squares = 0;
            for (int i = 0; i < width; i++) {
                v[row * width + i] -= mean;
                squares += v[row * width + i] * v[row * width + i];
            }
            rstd[row] = BF16.nearest(1 / Math.sqrt(squares / width + eps));
            for (int i = 0; i < width; i++) {
                v[row * width + i] *= rstd[row];
            }
        }
        Shape rows = x.shape().with(-1, 1);
        return new Normalized(b.inTypeOf(b.upload(v, x.shape()), x), b.upload(rstd, rows));
    }

    /// A product whose sum is rounded to bfloat16 after every tile of terms.
    private static Tensor tiled(Backend b, Tensor x, boolean transposeX, Tensor y, boolean transposeY) {
        int axisX = x.shape().rank() - (transposeX ? 2 : 1);
        int axisY = y.shape().rank() - (transposeY ? 1 : 2);
        int terms = x.shape().dim(axisX);
        if (terms <= TILE) {
            return b.matmul(x, transposeX, y, transposeY);
        }
        Tensor sum = b.full(Shape.SCALAR, 0);
        for (int from = 0; from < terms; from += TILE) {
            int to = Math.min(terms, from + TILE);
            Tensor tile = b.matmul(b.slice(x, axisX, from, to), transposeX, b.slice(y, axisY, from, to), transposeY);
            sum = rounded(b, from == 0 ? tile : b.add(sum, tile));
        }
        return sum;
    }

    /// Products whose inputs are rounded first.
    ///
    /// @param format to which
    private record RoundedProducts(FloatFormat format) implements Alteration {
        private Tensor r(Backend b, Tensor x) {
            return Formulas.map(b, x, format::nearest);
        }

        @Override
        public Tensor matmul(Backend b, Tensor x, boolean transposeX, Tensor y, boolean transposeY) {
            return b.matmul(r(b, x), transposeX, r(b, y), transposeY);
        }

        @Override
        public Tensor linear(Backend b, Tensor x, Tensor w, @Nullable Tensor bias) {
            return b.linear(r(b, x), r(b, w), bias);
        }

        @Override
        public Attended attention(Backend b, Tensor q, Tensor k, Tensor v, double scale) {
            Tensor p = b.softmax(b.scale(matmul(b, q, false, k, true), scale));
            return new Attended(matmul(b, p, false, v, false), p);
        }

        @Override
        public AttentionGradients attentionBackward(
                Backend b, Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
            Tensor p = forward.saved();
            Tensor dv = matmul(b, p, true, dout, false);
            Tensor ds = b.scale(b.softmaxBackward(p, matmul(b, dout, false, v, true)), scale);
            return new AttentionGradients(matmul(b, ds, false, k, false), matmul(b, ds, true, q, false), dv);
        }
    }
}

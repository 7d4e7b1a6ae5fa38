package deepflow.oracle.zoo;

import deepflow.autograd.Products;
import deepflow.autograd.Variable;
import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;

/// Mistakes that leave every value right, and gradients wrong.
final class GradientBugs {
    private static final String CROSS = "df_blocks\\.\\d+\\.cross_attention";
    private static final String NORM_BACKWARD = Zoo.any(
            Zoo.gradact(
                    "x_embedder.*",
                    "blocks\\.\\d+(\\.(attn|mlp)(\\.proj|\\.fc2)?|\\.adaLN_modulation\\.1)?",
                    CROSS,
                    "df_blocks\\.\\d+(\\.acc_mlp(\\.\\d)?|\\.acc_norm(\\.mlp)?(\\.fc2)?)?"),
            Zoo.grad(".*"));
    private static final String ATTENTION_BACKWARD =
            Zoo.any(Zoo.gradact(".*attn\\.qkv", ".*layer_norm"), Zoo.grad(".*attn\\.(qkv|in_proj_).*", ".*in_proj_.*"));

    static final List<Bug> ALL = List.of(
            bug(
                    "detach-missing",
                    "The velocity in Eq. 7 is not detached: L_acc trains the velocity layer as well.",
                    "v.detach() in the acceleration loss",
                    List.of(7),
                    Zoo.any(Zoo.gradact("final_layer\\.0\\.linear"), Zoo.grad("final_layer\\.0\\.linear\\..*")),
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public Variable seen(Variable v) {
                            return v;
                        }
                    })),
            bug(
                    "acceleration-detached",
                    "a* is detached before the acceleration layer: L_acc does not reach ACC_MLP nor the branch before.",
                    "what final_acc_layer is given",
                    List.of(7),
                    Zoo.any(
                            Zoo.gradact("df_blocks\\.\\d+(\\.acc_mlp.*)?"),
                            Zoo.grad("df_blocks\\.\\d+\\.acc_mlp\\..*")),
                    new Mistake.Output(
                            "final_acc_layer\\.norm_final",
                            (s, call, y) -> Formulas.plainNorm(s.tape().detach(s.accelerationTokens(call.index()))))),
            bug(
                    "branches-detached",
                    "Refined tokens are detached: no gradient of a later branch reaches the one before.",
                    "what the first block after a VeRA block is given",
                    List.of(5),
                    Zoo.any(Zoo.gradact(CROSS + ".*", ".*acc_norm.*"), Zoo.grad("df_blocks\\.\\d+\\..*")),
                    new Mistake.Output(CROSS, (s, call, y) -> s.tape().detach(y))),
            bug(
                    "space-detached",
                    "The tokens that cross-space attention asks with are detached: no gradient reaches the patches there.",
                    "s in Eq. 9",
                    List.of(9),
                    Zoo.any(Zoo.gradact("x_embedder.*"), Zoo.grad("x_embedder\\..*")),
                    new Mistake.Output(
                            CROSS + "\\.layer_norm",
                            (s, call, y) -> call.index() > 0
                                    ? y
                                    : Formulas.affineNorm(
                                            s, call.path(), s.tape().detach(s.space())))),
            new Bug(
                    "loss-scaled",
                    Bug.Area.GRADIENT,
                    "All gradients are half as large: the loss is divided once too often before backward.",
                    "gradient accumulation, averaging over ranks",
                    List.of(10),
                    Zoo.any(Zoo.gradact("final\\w*layer(\\.\\d)?\\.linear", "final_layer"), "grad\\..*"),
                    (c, a) -> true,
                    new Mistake.Scale(0.5, false)),
            new Bug(
                    "loss-scale-missing",
                    Bug.Area.GRADIENT,
                    "Gradients lack the loss scale that the dump declares: they were unscaled, or the loss never was scaled.",
                    "the gradient scaler, and when gradients are written",
                    List.of(10),
                    Zoo.any(Zoo.gradact("final\\w*layer(\\.\\d)?\\.linear", "final_layer"), "grad\\..*"),
                    (c, a) -> true,
                    new Mistake.Scale(1, true)),
            bug(
                    "shared-gradient-overwritten",
                    "The time embedder serves every branch, but its gradient is the last call's alone: overwritten, not"
                            + " accumulated.",
                    "how gradients of shared parameters are added up",
                    List.of(),
                    Zoo.grad("t_embedder\\..*"),
                    new Mistake.Output("t_embedder\\.mlp\\.[02]", (s, call, y) -> {
                        if (call.index() == s.config().k() - 1) {
                            return y;
                        }
                        if (call.path().endsWith("2")) {
                            return frozen(s, call.path(), s.output(call.up(1).in("1")));
                        }
                        return s.tape().detach(y);
                    })),
            bug(
                    "norm-gradient-of-query",
                    "One LayerNorm serves query, key and value, but its weight has the query's gradient alone.",
                    "cross_attention.layer_norm",
                    List.of(9),
                    Zoo.grad(CROSS + "\\.layer_norm\\..*"),
                    new Mistake.Output(CROSS + "\\.layer_norm", (s, call, y) -> {
                        if (call.index() == 0) {
                            return y;
                        }
                        Variable m = s.modulatedTokens(call.number("df_blocks"));
                        return Formulas.affineNorm(s, call.path(), m, s.tape()::detach);
                    })),
            operation(
                    "norm-backward-incomplete",
                    "LayerNorm's backward takes mean and variance for constants: dx = rstd·dy.",
                    "the two means in LayerNorm's backward",
                    NORM_BACKWARD,
                    new Alteration() {
                        @Override
                        public Tensor layerNormBackward(Backend b, Normalized forward, Tensor dy) {
                            return b.multiply(dy, forward.rstd());
                        }
                    }),
            operation(
                    "norm-backward-without-mean",
                    "LayerNorm's backward lacks the mean of dy: dx = rstd·(dy − y·mean(dy·y)).",
                    "the two means in LayerNorm's backward",
                    NORM_BACKWARD,
                    new Alteration() {
                        @Override
                        public Tensor layerNormBackward(Backend b, Normalized forward, Tensor dy) {
                            return b.multiply(b.subtract(dy, alongNormalized(b, forward, dy)), forward.rstd());
                        }
                    }),
            operation(
                    "norm-backward-without-variance",
                    "LayerNorm's backward takes the variance for a constant: dx = rstd·(dy − mean(dy)).",
                    "the two means in LayerNorm's backward",
                    NORM_BACKWARD,
                    new Alteration() {
                        @Override
                        public Tensor layerNormBackward(Backend b, Normalized forward, Tensor dy) {
                            return b.multiply(b.subtract(dy, mean(b, dy)), forward.rstd());
                        }
                    }),
            operation(
                    "silu-backward",
                    "SiLU's backward is dy·σ(x); the derivative is σ(x)·(1 + x·(1 − σ(x))).",
                    "the backward of SiLU",
                    Zoo.any(
                            Zoo.gradact("d?t_embedder.*", "y_embedder.*", ".*acc_mlp\\.[024]"),
                            Zoo.grad("d?t_embedder.*", "y_embedder\\..*", ".*acc_mlp\\.[024]\\..*")),
                    new Alteration() {
                        @Override
                        public Tensor siluBackward(Backend b, Tensor x, Tensor dy) {
                            return b.multiply(dy, Formulas.map(b, x, v -> 1 / (1 + StrictMath.exp(-v))));
                        }
                    }),
            operation(
                    "gelu-backward-erf",
                    "GELU is the tanh form, but its backward is that of the erf form.",
                    "the backward of GELU",
                    Zoo.any(Zoo.gradact(".*mlp\\.fc1"), Zoo.grad(".*mlp\\.fc1\\..*")),
                    new Alteration() {
                        @Override
                        public Tensor geluBackward(Backend b, Tensor x, Tensor dy) {
                            return ErfGelu.ALTERATION.geluBackward(b, x, dy);
                        }
                    }),
            operation(
                    "attention-backward-unscaled",
                    "Attention's backward lacks the factor 1/√(D/h) in the gradients of query and key.",
                    "the backward of attention",
                    ATTENTION_BACKWARD,
                    new Alteration() {
                        @Override
                        public AttentionGradients attentionBackward(
                                Backend b, Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
                            AttentionGradients g = b.attentionBackward(q, k, v, scale, forward, dout);
                            return new AttentionGradients(
                                    b.scale(g.dq(), 1 / scale), b.scale(g.dk(), 1 / scale), g.dv());
                        }
                    }),
            operation(
                    "softmax-backward-incomplete",
                    "Softmax's backward is P·dP; it should be P·(dP − Σ P·dP), the sum over a query's keys.",
                    "the row sums in the backward of attention",
                    ATTENTION_BACKWARD,
                    new Alteration() {
                        @Override
                        public AttentionGradients attentionBackward(
                                Backend b, Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
                            Tensor p = b.softmax(b.scale(b.matmul(q, false, k, true), scale));
                            Tensor ds = b.scale(b.multiply(p, b.matmul(dout, false, v, true)), scale);
                            return new AttentionGradients(
                                    b.matmul(ds, false, k, false),
                                    b.matmul(ds, true, q, false),
                                    b.matmul(p, true, dout, false));
                        }
                    }));

    private GradientBugs() {}

    /// y·mean(dy·y), the mean over the last axis.
    private static Tensor alongNormalized(Backend b, Normalized forward, Tensor dy) {
        return b.multiply(forward.y(), mean(b, b.multiply(dy, forward.y())));
    }

    /// The mean over the last axis, which stays, with extent 1.
    private static Tensor mean(Backend b, Tensor x) {
        Shape s = x.shape();
        return b.scale(b.sumTo(x, s.with(-1, 1)), 1.0 / s.dim(-1));
    }

    private static Variable frozen(StepSoFar s, String path, Variable x) {
        return Products.linear(
                x, s.tape().detach(s.parameter(path + ".weight")), s.tape().detach(s.parameter(path + ".bias")));
    }

    private static Bug bug(
            String name, String says, String look, List<Integer> equations, String strikes, Mistake mistake) {
        return new Bug(name, Bug.Area.GRADIENT, says, look, equations, strikes, (c, a) -> Zoo.published(c), mistake);
    }

    private static Bug operation(String name, String says, String look, String strikes, Alteration alteration) {
        return new Bug(
                name,
                Bug.Area.GRADIENT,
                says,
                look,
                List.of(),
                strikes,
                (c, a) -> true,
                new Mistake.Operation(alteration));
    }
}

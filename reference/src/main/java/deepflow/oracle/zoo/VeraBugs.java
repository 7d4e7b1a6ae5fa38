package deepflow.oracle.zoo;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.AccelerationMlp;
import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;
import deepflow.tensor.Tensor;
import java.util.List;

/// Mistakes between two branches: ACC_MLP, time-gap modulation, cross-space attention.
final class VeraBugs {
    private static final String NORM = "df_blocks\\.\\d+\\.acc_norm\\.norm_final";
    private static final String CROSS = "df_blocks\\.\\d+\\.cross_attention";
    private static final String CROSS_STRIKES = Zoo.any(
            Zoo.act(CROSS, CROSS + "\\.multihead_attn"),
            "out\\.refined\\.\\d+",
            Zoo.gradact(CROSS + "\\..*"),
            Zoo.grad(CROSS + "\\..*"));
    private static final String JOIN = Zoo.any(
            Zoo.act(NORM, ".*acc_norm\\.mlp\\.fc1"),
            Zoo.gradact("df_blocks\\.\\d+", ".*acc_mlp(\\.\\d)?", "blocks\\.\\d+(\\.mlp(\\.fc2)?)?"));

    static final List<Bug> ALL = List.of(
            vera(
                    "acceleration-gelu",
                    "ACC_MLP has GELU between its layers; it has SiLU.",
                    "acc_mlp's activations",
                    6,
                    Zoo.any(
                            Zoo.act(".*acc_mlp\\.\\d"),
                            Zoo.gradact(".*acc_mlp\\.\\d"),
                            Zoo.grad(".*acc_mlp\\.\\d\\.weight")),
                    "df_blocks\\.\\d+\\.acc_mlp\\.[135]",
                    (s, call, y) -> {
                        int layer = call.path().charAt(call.path().length() - 1) - '0';
                        return Pointwise.gelu(s.output(call.up(1).in(Integer.toString(layer - 1))));
                    }),
            vera(
                    "acceleration-activation-missing",
                    "ACC_MLP has no activation before its last layer.",
                    "acc_mlp.5",
                    6,
                    Zoo.any(
                            Zoo.act(".*acc_mlp\\.[56]"),
                            Zoo.act("df_blocks\\.\\d+(\\.acc_mlp)?"),
                            Zoo.gradact(".*acc_mlp\\.4"),
                            Zoo.grad(".*acc_mlp\\.6\\.weight")),
                    "df_blocks\\.\\d+\\.acc_mlp\\.5",
                    (s, call, y) -> Formulas.same(s.output(call.up(1).in("4")))),
            vera(
                    "velocity-acceleration-swapped",
                    "Eq. 8 reads (a* | v*); it should read (v* | a*).",
                    "the concatenation before acc_norm",
                    8,
                    JOIN,
                    NORM,
                    (s, call, y) -> {
                        int j = call.number("df_blocks");
                        return Formulas.plainNorm(Layout.concat(2, s.accelerationTokens(j), s.velocityTokens(j)));
                    }),
            vera(
                    "halves-normalised-apart",
                    "v* and a* are normalised one by one; the LayerNorm of Eq. 8 is over both, 2D wide.",
                    "the width of acc_norm.norm_final",
                    8,
                    JOIN,
                    NORM,
                    (s, call, y) -> {
                        int j = call.number("df_blocks");
                        return Layout.concat(
                                2,
                                Formulas.plainNorm(s.velocityTokens(j)),
                                Formulas.plainNorm(s.accelerationTokens(j)));
                    }),
            vera(
                    "gap-ignored",
                    "Eq. 8 does not modulate: the MLP reads LN(v* | a*).",
                    "modulate() in acc_norm",
                    8,
                    Zoo.any(
                            Zoo.act(".*acc_norm\\.mlp\\.fc1"),
                            Zoo.gradact(".*acc_norm\\..*"),
                            Zoo.grad(".*acc_norm\\..*")),
                    "df_blocks\\.\\d+\\.acc_norm\\.mlp\\.fc1",
                    (s, call, y) ->
                            Formulas.linear(s, call.path(), s.output(call.up(2).in("norm_final")))),
            cross(
                    "residual-not-normalised",
                    "The residual of Eq. 9 is s; it should be LN(s), the query.",
                    "the sum at the end of cross-space attention",
                    (s, call, y) -> Pointwise.add(s.space(), s.output(call.in("multihead_attn")))),
            cross(
                    "cross-residual-missing",
                    "Eq. 9 has no residual: refined tokens are the attention alone.",
                    "the sum at the end of cross-space attention",
                    (s, call, y) -> Formulas.same(s.output(call.in("multihead_attn")))),
            cross(
                    "residual-of-velocity",
                    "The residual of Eq. 9 is the normalised velocity; it should be the normalised space.",
                    "the sum at the end of cross-space attention",
                    (s, call, y) -> Pointwise.add(
                            s.output(call.path() + ".layer_norm#1"), s.output(call.in("multihead_attn")))),
            vera(
                    "space-velocity-swapped",
                    "Cross-space attention is given velocity as space and space as velocity.",
                    "the order of cross_attention's arguments",
                    9,
                    Zoo.any(Zoo.act(CROSS + "\\.layer_norm"), CROSS_STRIKES),
                    CROSS + "\\.layer_norm",
                    (s, call, y) -> {
                        Variable m = s.modulatedTokens(call.number("df_blocks"));
                        return Formulas.affineNorm(s, call.path(), call.index() == 0 ? m : s.space());
                    }),
            attention(
                    "velocity-asks",
                    "In Eq. 9 velocity is the query and space key and value; it is the other way round.",
                    "the arguments of multihead_attn",
                    (s, path) -> {
                        Variable q = s.output(path + ".layer_norm");
                        Variable m = s.output(path + ".layer_norm#1");
                        return Formulas.crossAttention(s, path + ".multihead_attn", m, q, q);
                    }),
            attention(
                    "velocity-not-normalised",
                    "Key and value of Eq. 9 are not normalised; one LayerNorm serves query, key and value.",
                    "layer_norm of cross-space attention",
                    (s, path) -> {
                        Variable q = s.output(path + ".layer_norm");
                        Variable m = s.modulatedTokens(new Call(path, 0).number("df_blocks"));
                        return Formulas.crossAttention(s, path + ".multihead_attn", q, m, m);
                    }),
            attention(
                    "query-without-norm",
                    "The query of Eq. 9 is s; it should be LN(s).",
                    "layer_norm of cross-space attention",
                    (s, path) -> {
                        Variable m = s.output(path + ".layer_norm#1");
                        return Formulas.crossAttention(s, path + ".multihead_attn", s.space(), m, m);
                    }),
            vera(
                    "space-without-positions",
                    "Eq. 9's query is made of the patches alone; s has the positions as well.",
                    "which tokens are kept for cross-space attention",
                    9,
                    Zoo.any(
                            Zoo.act(CROSS + "\\.layer_norm"),
                            Zoo.gradact("x_embedder.*"),
                            Zoo.grad(CROSS + "\\.layer_norm.*")),
                    CROSS + "\\.layer_norm",
                    (s, call, y) -> call.index() > 0 ? y : Formulas.affineNorm(s, call.path(), s.output("x_embedder"))),
            new Bug(
                    "cross-norm-epsilon",
                    Bug.Area.VERA,
                    "The LayerNorm of Eq. 9 has ε = 1e-6; it is PyTorch's default, 1e-5.",
                    "eps of cross_attention.layer_norm",
                    List.of(9),
                    Zoo.any(
                            Zoo.act(CROSS + "\\.layer_norm"),
                            Zoo.gradact("x_embedder.*", ".*acc_norm(\\.mlp)?(\\.fc2)?"),
                            Zoo.grad(CROSS + "\\.layer_norm.*")),
                    (c, a) -> Zoo.published(c) && !c.qkNorm(),
                    new Mistake.Operation(new Alteration() {
                        @Override
                        public Normalized layerNorm(Backend b, Tensor x, double eps) {
                            return b.layerNorm(x, eps == 1e-5 ? 1e-6 : eps);
                        }
                    })),
            vera(
                    "acceleration-from-velocity",
                    "The acceleration layer reads v*; it should read a*.",
                    "what final_acc_layer is given",
                    7,
                    Zoo.any(
                            Zoo.act("final_acc_layer\\.norm_final", "final_acc_layer\\.linear"),
                            Zoo.gradact("df_blocks\\.\\d+", ".*acc_mlp(\\.6)?", "blocks\\.\\d+(\\.mlp(\\.fc2)?)?")),
                    "final_acc_layer\\.norm_final",
                    (s, call, y) -> Formulas.plainNorm(s.velocityTokens(call.index()))),
            vera(
                    "refinement-ignored",
                    "The next branch reads v*; it should read the refined tokens.",
                    "what the first block after a VeRA block is given",
                    5,
                    Zoo.any(
                            Zoo.act("blocks\\.\\d+\\.norm[12]", "blocks\\.\\d+"),
                            Zoo.gradact("blocks\\.\\d+.*", CROSS + ".*")),
                    "blocks\\.\\d+(\\.norm[12])?",
                    (s, call, y) -> {
                        int block = call.number("blocks");
                        if (block == 0 || !s.config().keys().contains(block)) {
                            return y;
                        }
                        Variable x = s.output("blocks." + (block - 1));
                        Call whole = new Call("blocks." + block, 0);
                        if (call.path().endsWith("norm1")) {
                            return Formulas.plainNorm(x);
                        }
                        Variable middle = BlockBugs.Half.ATTENTION.of(s, whole, x, "attn.proj");
                        return call.path().endsWith("norm2")
                                ? Formulas.plainNorm(middle)
                                : BlockBugs.Half.MLP.of(s, whole, middle, "mlp.fc2");
                    }),
            vera(
                    "condition-of-branch-before",
                    "A branch keeps the condition of the one before; it has one of its own, from its time.",
                    "where c is computed anew",
                    5,
                    Zoo.any(
                            Zoo.act("(blocks\\.\\d+|final_layer\\.1)\\.adaLN_modulation\\.[01]"),
                            Zoo.gradact("t_embedder.*")),
                    EmbedderBugs.CONDITIONED,
                    (s, call, y) -> {
                        int branch = EmbedderBugs.conditionedBy(s, call);
                        return branch == 0
                                        || call.path().startsWith("final_layer.0")
                                        || call.path().startsWith("final_acc")
                                ? y
                                : Pointwise.silu(s.condition(branch - 1));
                    }));

    private VeraBugs() {}

    /// Attention between space and velocity, by the path of the cross-space attention.
    @FunctionalInterface
    private interface Attention {
        Variable of(StepSoFar s, String path);
    }

    private static Bug vera(
            String name,
            String says,
            String look,
            int equation,
            String strikes,
            String module,
            Mistake.Output.Formula formula) {
        return new Bug(
                name,
                Bug.Area.VERA,
                says,
                look,
                List.of(equation),
                strikes,
                (c, a) -> Zoo.published(c) && !(equation == 6 && c.accForm() != AccelerationMlp.Form.DEEP),
                new Mistake.Output(module, formula));
    }

    private static Bug cross(String name, String says, String look, Mistake.Output.Formula formula) {
        return vera(name, says, look, 9, CROSS_STRIKES, CROSS, formula);
    }

    private static Bug attention(String name, String says, String look, Attention attention) {
        return vera(
                name,
                says,
                look,
                9,
                CROSS_STRIKES,
                CROSS + "\\.multihead_attn",
                (s, call, y) -> attention.of(s, call.up(1).path()));
    }
}

package deepflow.oracle.zoo;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.nn.Modulation;
import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;
import deepflow.tensor.Tensor;
import java.util.List;

/// Mistakes in transformer blocks, but for attention: activations, norms, modulation, gates and residuals.
final class BlockBugs {
    private static final double PLAIN_EPSILON = 1e-6;

    private static final String GELU = Zoo.any(
            Zoo.act(".*mlp\\.act", ".*mlp\\.fc2"),
            Zoo.gradact(".*mlp\\.fc1"),
            Zoo.grad(".*mlp\\.fc1\\..*", ".*mlp\\.fc2\\.weight"));
    private static final String PLAIN_NORMS = Zoo.any(
            Zoo.act(".*norm[12]", ".*norm_final", ".*attn\\.qkv", ".*mlp\\.fc1", ".*final\\w*layer(\\.\\d)?\\.linear"),
            Zoo.gradact("x_embedder.*", "blocks\\.\\d+(\\.attn(\\.proj)?)?", ".*cross_attention", ".*acc_mlp\\.\\d"));
    private static final String MODULATED = Zoo.any(
            Zoo.act(".*attn\\.qkv", ".*mlp\\.fc1", ".*final\\w*layer(\\.\\d)?\\.linear"),
            Zoo.gradact(".*norm[12]", ".*norm_final", ".*adaLN_modulation\\.1"),
            Zoo.grad(".*adaLN_modulation\\.1\\..*"));
    private static final String BLOCK = Zoo.any(
            Zoo.act("blocks\\.\\d+", "blocks\\.\\d+\\.norm2"),
            Zoo.gradact(
                    "blocks\\.\\d+(\\.(norm2|attn|attn\\.proj|mlp|mlp\\.fc2|adaLN_modulation\\.1))?",
                    "x_embedder.*",
                    ".*cross_attention"));

    static final List<Bug> ALL = List.of(
            operation(
                    "gelu-erf",
                    "GELU in its exact form, with erf; the model uses the tanh form.",
                    "approximate=\"tanh\"",
                    GELU,
                    ErfGelu.ALTERATION),
            operation(
                    "gelu-sigmoid",
                    "GELU as x·σ(1.702·x); the model uses the tanh form.",
                    "which approximation the activation kernel has",
                    GELU,
                    new Alteration() {
                        @Override
                        public Tensor gelu(Backend b, Tensor x) {
                            return Formulas.map(b, x, v -> v / (1 + StrictMath.exp(-1.702 * v)));
                        }

                        @Override
                        public Tensor geluBackward(Backend b, Tensor x, Tensor dy) {
                            Tensor slope = Formulas.map(b, x, v -> {
                                double sigma = 1 / (1 + StrictMath.exp(-1.702 * v));
                                return sigma + 1.702 * v * sigma * (1 - sigma);
                            });
                            return b.multiply(dy, slope);
                        }
                    }),
            operation("gelu-is-relu", "ReLU in the place of GELU.", "the activation of Mlp", GELU, new Alteration() {
                @Override
                public Tensor gelu(Backend b, Tensor x) {
                    return Formulas.map(b, x, v -> Math.max(v, 0));
                }

                @Override
                public Tensor geluBackward(Backend b, Tensor x, Tensor dy) {
                    return b.multiply(dy, Formulas.map(b, x, v -> v > 0 ? 1 : 0));
                }
            }),
            operation(
                    "norm-epsilon",
                    "LayerNorms that are modulated have ε = 1e-5, PyTorch's default; it should be 1e-6.",
                    "eps of norm1, norm2, norm_final",
                    PLAIN_NORMS,
                    new Alteration() {
                        @Override
                        public Normalized layerNorm(Backend b, Tensor x, double eps) {
                            return b.layerNorm(x, eps == PLAIN_EPSILON ? 1e-5 : eps);
                        }
                    }),
            operation(
                    "norm-unbiased",
                    "LayerNorm divides the variance by D − 1; it is divided by D.",
                    "the variance of LayerNorm",
                    Zoo.any(PLAIN_NORMS, Zoo.act(".*layer_norm", ".*[qk]_norm"), Zoo.gradact(".*layer_norm")),
                    new Alteration() {
                        @Override
                        public Normalized layerNorm(Backend b, Tensor x, double eps) {
                            double d = x.shape().dim(-1);
                            Normalized n = b.layerNorm(x, eps * (d - 1) / d);
                            double factor = Math.sqrt((d - 1) / d);
                            return new Normalized(b.scale(n.y(), factor), b.scale(n.rstd(), factor));
                        }

                        @Override
                        public Tensor layerNormBackward(Backend b, Normalized forward, Tensor dy) {
                            double d = forward.y().shape().dim(-1);
                            double factor = Math.sqrt((d - 1) / d);
                            Normalized n = new Normalized(
                                    b.scale(forward.y(), 1 / factor), b.scale(forward.rstd(), 1 / factor));
                            return b.scale(b.layerNormBackward(n, dy), factor);
                        }
                    }),
            modulation(
                    "scale-without-one",
                    "Modulation is z·scale + shift; it should be z·(1 + scale) + shift.",
                    "modulate()",
                    (z, shift, scale) ->
                            Pointwise.add(Pointwise.multiply(z, Formulas.perToken(scale)), Formulas.perToken(shift))),
            modulation(
                    "shift-scale-swapped",
                    "Shift and scale are swapped: the rows of adaLN_modulation are shift, scale, gate, in that order.",
                    "the order in which the modulation is chunked",
                    (z, shift, scale) -> Modulation.modulate(z, scale, shift)),
            modulation(
                    "shift-before-scale",
                    "Modulation is (z + shift)·(1 + scale); the shift is to be added last.",
                    "modulate()",
                    (z, shift, scale) -> Pointwise.multiply(
                            Pointwise.add(z, Formulas.perToken(shift)), Formulas.perToken(Pointwise.add(scale, 1)))),
            halves(
                    "gates-missing",
                    "The outputs of attention and MLP are added to the stream without their gates.",
                    "gate₁ and gate₂ in the block",
                    new Half(true, Half.NO_GATE),
                    new Half(true, Half.NO_GATE)),
            halves(
                    "attention-gate-missing",
                    "The attention's output is added to the stream without its gate.",
                    "gate₁ in the block",
                    new Half(true, Half.NO_GATE),
                    Half.MLP),
            halves(
                    "mlp-gate-missing",
                    "The MLP's output is added to the stream without its gate.",
                    "gate₂ in the block",
                    Half.ATTENTION,
                    new Half(true, Half.NO_GATE)),
            halves(
                    "gates-swapped",
                    "The gates of attention and MLP are swapped.",
                    "the order in which the modulation is chunked",
                    new Half(true, Half.MLP.gate()),
                    new Half(true, Half.ATTENTION.gate())),
            halves(
                    "gate-of-mlp-twice",
                    "The attention's output has the MLP's gate, as the MLP's output has.",
                    "the order in which the modulation is chunked",
                    new Half(true, Half.MLP.gate()),
                    Half.MLP),
            halves(
                    "gate-of-attention-twice",
                    "The MLP's output has the attention's gate, as the attention's output has.",
                    "the order in which the modulation is chunked",
                    Half.ATTENTION,
                    new Half(true, Half.ATTENTION.gate())),
            halves(
                    "residuals-missing",
                    "Neither half of a block has a residual: gate₁·attn goes into the MLP, gate₂·mlp leaves the block.",
                    "the two sums of the block",
                    new Half(false, Half.ATTENTION.gate()),
                    new Half(false, Half.MLP.gate())),
            halves(
                    "attention-residual-missing",
                    "The attention's half has no residual: gate₁·attn takes the place of the stream.",
                    "the sum behind attention",
                    new Half(false, Half.ATTENTION.gate()),
                    Half.MLP),
            halves(
                    "mlp-residual-missing",
                    "The MLP's half has no residual: the block returns gate₂·mlp.",
                    "the sum at the end of the block",
                    Half.ATTENTION,
                    new Half(false, Half.MLP.gate())),
            block(
                    "residual-of-input",
                    "The second residual adds the block's input; it should add what leaves the attention's half.",
                    "the sum at the end of the block",
                    (s, call, y) -> Half.MLP.of(s, call, s.tokensInto(call.number("blocks")), "mlp.fc2")),
            new Bug(
                    "block-parallel",
                    Bug.Area.BLOCK,
                    "The MLP's norm reads the block's input; it should read what leaves the attention's half.",
                    "what norm2 is given",
                    List.of(),
                    Zoo.any(Zoo.act(".*norm2"), BLOCK),
                    (c, a) -> Zoo.plain(c),
                    new Mistake.Output(
                            "blocks\\.\\d+\\.norm2",
                            (s, call, y) -> Formulas.plainNorm(s.tokensInto(call.number("blocks"))))),
            new Bug(
                    "modulation-activation-missing",
                    Bug.Area.BLOCK,
                    "adaLN_modulation has no SiLU before its linear layer.",
                    "adaLN_modulation.0",
                    List.of(),
                    Zoo.any(
                            Zoo.act(".*adaLN_modulation\\.[01]"),
                            Zoo.gradact("[ty]_embedder.*"),
                            Zoo.grad(".*adaLN_modulation\\.1\\.weight")),
                    (c, a) -> Zoo.plain(c),
                    new Mistake.Output(
                            EmbedderBugs.CONDITIONED,
                            (s, call, y) -> s.condition(EmbedderBugs.conditionedBy(s, call)))));

    private BlockBugs() {}

    /// How one half of a block changes the stream x: x + gate·y, y what attention or MLP gives.
    ///
    /// @param residual whether x is added
    /// @param gate which part of the modulation, or [#NO_GATE]
    record Half(boolean residual, int gate) {
        static final int NO_GATE = -1;
        static final Half ATTENTION = new Half(true, 2);
        static final Half MLP = new Half(true, 5);

        Variable of(StepSoFar s, Call block, Variable x, String module) {
            Call y = block.in(module);
            Variable change = gate == NO_GATE ? s.output(y) : Formulas.gated(s, block, module, gate);
            return residual ? Pointwise.add(x, change) : change;
        }
    }

    private static Bug operation(String name, String says, String look, String strikes, Alteration alteration) {
        return new Bug(
                name,
                Bug.Area.BLOCK,
                says,
                look,
                List.of(),
                strikes,
                (c, a) -> true,
                new Mistake.Operation(alteration));
    }

    private static Bug modulation(String name, String says, String look, Formulas.Modulate modulate) {
        return new Bug(
                name,
                Bug.Area.BLOCK,
                says,
                look,
                List.of(),
                MODULATED,
                (c, a) -> Zoo.plain(c) && !c.clamp(),
                new Mistake.Output(Formulas.MODULATED, (s, call, y) -> Formulas.modulated(s, call, modulate)));
    }

    private static Bug block(String name, String says, String look, Mistake.Output.Formula formula) {
        return output(name, says, look, "blocks\\.\\d+", formula);
    }

    /// The stream between the halves is no module's output: norm2 and the block's end show it.
    private static Bug halves(String name, String says, String look, Half attention, Half mlp) {
        return output(name, says, look, "blocks\\.\\d+(\\.norm2)?", (s, call, y) -> {
            boolean norm = call.path().endsWith("norm2");
            if (norm && attention.equals(Half.ATTENTION)) {
                return y;
            }
            Call block = norm ? call.up(1) : call;
            Variable middle = attention.of(s, block, s.tokensInto(block.number("blocks")), "attn.proj");
            return norm ? Formulas.plainNorm(middle) : mlp.of(s, block, middle, "mlp.fc2");
        });
    }

    private static Bug output(String name, String says, String look, String module, Mistake.Output.Formula formula) {
        return new Bug(
                name,
                Bug.Area.BLOCK,
                says,
                look,
                List.of(),
                BLOCK,
                (c, a) -> Zoo.plain(c),
                new Mistake.Output(module, formula));
    }
}

package deepflow.report;

import deepflow.equation.AccelerationMlp;
import deepflow.equation.AlignmentLoss;
import deepflow.equation.CrossSpaceAttention;
import deepflow.equation.DeepSupervisionLoss;
import deepflow.equation.SecondOrderLoss;
import deepflow.equation.TimeGapModulation;
import deepflow.equation.TotalLoss;
import deepflow.model.DeepFlow;
import deepflow.nn.Block;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a tensor of a dump is the result of, in the paper's words: for a reader who has to look for a mistake in it.
///
/// @param pattern names of its tensors, without family
/// @param title what it is
/// @param equations numbers in the paper; empty for what has none
/// @param formula as in docs/equations.md, where it has a number
/// @param where the class that computes it here
record Operation(Pattern pattern, String title, List<Integer> equations, String formula, Class<?> where) {
    static final List<Operation> ALL = List.of(
            // in front of those whose names begin the same
            of(
                    "df_blocks\\.\\d+\\.acc_mlp(\\..*)?",
                    "Acceleration feature",
                    List.of(6),
                    "a* = ACC_MLP(v*)",
                    AccelerationMlp.class),
            of(
                    "df_blocks\\.\\d+\\.acc_norm(\\..*)?|dt_embedder(\\..*)?",
                    "Time-gap modulation",
                    List.of(8),
                    "z = (v* | a*),  (shift, scale) = W·SiLU(e) + b,  z′ = LN(z)·(1 + scale) + shift,  out = MLP(z′)",
                    TimeGapModulation.class),
            of(
                    "df_blocks\\.\\d+\\.cross_attention(\\..*)?|df_blocks\\.\\d+(#\\d+)?|refined\\.\\d+",
                    "Cross-space attention",
                    List.of(9),
                    "q̃ = LN(s),  m̃ = LN(m),  refined = q̃ + MHA(q̃, m̃, m̃)",
                    CrossSpaceAttention.class),
            of(
                    "deep",
                    "Deep supervision of all branches",
                    List.of(4, 5),
                    "L_deep = Σ βⁱ·E‖vⁱ − V‖²",
                    DeepSupervisionLoss.class),
            of(
                    "acc",
                    "Second-order loss",
                    List.of(7),
                    "x̂₀ = x_t + v·d + ½·a·d²,  d = 0 − t,  L_acc = E‖x̂₀ − x₀‖²",
                    SecondOrderLoss.class),
            of("total", "Total loss", List.of(10), "L = L_deep + λ·L_acc,  λ = 1", TotalLoss.class),
            of("ssl|projectors\\..*", "SSL alignment", List.of(), "L_ssl = −mean cos(ẑ, z)", AlignmentLoss.class),
            of(
                    "blocks\\.\\d+\\.adaLN_modulation(\\..*)?",
                    "AdaLN-Zero of a block",
                    List.of(),
                    "(β₁, γ₁, α₁, β₂, γ₂, α₂) = W·SiLU(t + y) + b",
                    Block.class),
            of(
                    "blocks\\.\\d+\\.norm[12]",
                    "LayerNorm of a block",
                    List.of(),
                    "(x − mean x)/√(var x + 1e-6), without weight and bias",
                    Block.class),
            of(
                    "blocks\\.\\d+\\.attn(\\..*)?",
                    "Self-attention of a block",
                    List.of(),
                    "(q, k, v) = W·(LN(x)·(1 + γ₁) + β₁) + b,  proj(softmax(q·kᵀ/√d)·v)",
                    Block.class),
            of(
                    "blocks\\.\\d+\\.mlp(\\..*)?",
                    "MLP of a block",
                    List.of(),
                    "W₂·gelu_tanh(W₁·(LN(x)·(1 + γ₂) + β₂) + b₁) + b₂",
                    Block.class),
            of("blocks\\.\\d+", "Sum of a block", List.of(), "x ← x + α₁·attn(·),  x ← x + α₂·mlp(·)", Block.class),
            of(
                    "final_layer.*|final_acc_layer.*|velocity\\.\\d+|acceleration\\.\\d+",
                    "Velocity or acceleration layer",
                    List.of(),
                    "unpatchify(W·(LN(h)·(1 + scale) + shift) + b),  (shift, scale) = W′·SiLU(t + y) + b′",
                    DeepFlow.class),
            of(
                    "x_embedder.*|pos_embed",
                    "Patch embedding of x_t",
                    List.of(1),
                    "x_t = t·x₁ + (1 − t)·x₀;  a convolution of patch × patch, then + pos_embed",
                    DeepFlow.class),
            of(
                    "t_embedder.*",
                    "Time embedding",
                    List.of(),
                    "W₂·SiLU(W₁·(cos tω | sin tω) + b₁) + b₂,  ω_i = 10000^(−i/128), i < 128",
                    DeepFlow.class),
            of("y_embedder.*", "Class embedding", List.of(), "row y of the table", DeepFlow.class));

    private static Operation of(String pattern, String title, List<Integer> equations, String formula, Class<?> where) {
        return new Operation(Pattern.compile(pattern), title, equations, formula, where);
    }

    /// The operation whose result, or gradient, a tensor is.
    ///
    /// @param rest a tensor's name without its family
    static Optional<Operation> of(String rest) {
        return ALL.stream().filter(o -> o.pattern.matcher(rest).matches()).findFirst();
    }
}

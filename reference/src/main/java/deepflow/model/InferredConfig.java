package deepflow.model;

import deepflow.equation.AccelerationMlp;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The configuration of a checkpoint that does not say what it is, from the names and shapes of its parameters.
///
/// What shapes do not tell is taken as published: branches of equal length, `clamp` off, and A = 2048 where nothing
/// has that width. The number of heads follows from the width in the four published sizes, and from `q_norm` where
/// there is one.
final class InferredConfig {
    private static final Map<Integer, Integer> PUBLISHED_HEADS = Map.of(384, 6, 768, 12, 1024, 16, 1152, 16);
    private static final int PUBLISHED_ACC = 2048;

    private final StateDict state;

    private InferredConfig(StateDict state) {
        this.state = state;
    }

    /// @throws IllegalArgumentException if something cannot be told, or contradicts itself; one sentence without
    ///     full stop that says to give a configuration
    static ModelConfig of(StateDict state) {
        try {
            return new InferredConfig(state).infer();
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IllegalArgumentException(
                    "the configuration cannot be told from the parameters (" + e.getMessage() + "): give one", e);
        }
    }

    private ModelConfig infer() {
        int[] patches = needed("x_embedder.proj.weight", 4);
        int width = patches[0];
        int channels = patches[1];
        int patch = patches[2];
        int grid = (int) Math.round(Math.sqrt(needed("pos_embed", 3)[1]));
        boolean sit = has("final_layer.linear.weight");
        int out = needed(sit ? "final_layer.linear.weight" : "final_layer.1.linear.weight", 2)[0];
        int depth = count("blocks");
        int k = sit ? 1 : branches();
        return new ModelConfig(
                Math.multiplyExact(grid, patch),
                patch,
                channels,
                needed("y_embedder.embedding_table.weight", 2)[0] - 1,
                width,
                depth,
                heads(width),
                k,
                acc(k),
                sit ? ModelConfig.Kind.SIT : ModelConfig.Kind.DEEPFLOW,
                ModelConfig.equalKeys(depth, k),
                false,
                has("blocks.0.attn.q_norm.weight"),
                has("projectors.0.4.weight") ? needed("projectors.0.4.weight", 2)[0] : 0,
                out == 2L * patch * patch * channels,
                design(k, width),
                sit ? ModelConfig.VeraParts.ALL : parts(k),
                form());
    }

    private int heads(int width) {
        if (has("blocks.0.attn.q_norm.weight")) {
            return width / Math.max(1, needed("blocks.0.attn.q_norm.weight", 1)[0]);
        }
        Integer heads = PUBLISHED_HEADS.get(width);
        if (heads == null) {
            throw new IllegalArgumentException("the number of heads of width " + width + " is not known");
        }
        return heads;
    }

    private int branches() {
        int vera = count("df_blocks");
        if (vera == 0 && !has("dt_embedder.mlp.0.weight")) {
            throw new IllegalArgumentException("without VeRA the number of branches is not known");
        }
        return vera + 1;
    }

    private ModelConfig.VeraParts parts(int k) {
        return new ModelConfig.VeraParts(
                has("dt_embedder.mlp.0.weight"),
                has("final_acc_layer.linear.weight"),
                k == 1 || has("df_blocks.0.cross_attention.layer_norm.weight"));
    }

    private int acc(int k) {
        return k > 1 && has("df_blocks.0.acc_mlp.0.weight")
                ? needed("df_blocks.0.acc_mlp.0.weight", 2)[0]
                : has("projectors.0.0.weight") ? needed("projectors.0.0.weight", 2)[0] : PUBLISHED_ACC;
    }

    private AccelerationMlp.Form form() {
        boolean shallow = has("df_blocks.0.acc_mlp.2.weight") && !has("df_blocks.0.acc_mlp.6.weight");
        return shallow ? AccelerationMlp.Form.SHALLOW : AccelerationMlp.Form.DEEP;
    }

    /// Full where Eq. 8 sees (v* | a*), or where there is no a* to join or no block to join it in.
    private ModelConfig.Design design(int k, int width) {
        if (!has("final_acc_layer.linear.weight")) {
            return ModelConfig.Design.FULL;
        }
        boolean full = k == 1
                ? !has("dt_embedder.mlp.2.weight") || needed("dt_embedder.mlp.2.weight", 2)[0] == 2 * width
                : has("df_blocks.0.acc_norm.mlp.fc1.weight")
                        && needed("df_blocks.0.acc_norm.mlp.fc1.weight", 2)[1] == 2 * width;
        return full ? ModelConfig.Design.FULL : ModelConfig.Design.ADDITIVE;
    }

    private boolean has(String name) {
        return state.shape(name) != null;
    }

    private int[] needed(String name, int rank) {
        long @Nullable [] shape = state.shape(name);
        if (shape == null) {
            throw new IllegalArgumentException("there is no " + name);
        }
        if (shape.length != rank) {
            throw new IllegalArgumentException(name + " has " + shape.length + " axes instead of " + rank);
        }
        int[] dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            if (shape[i] > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(name + " has the extent " + shape[i]);
            }
            dims[i] = (int) shape[i];
        }
        return dims;
    }

    /// How many modules of a numbered list there are: the highest number plus one.
    private int count(String list) {
        Pattern numbered = Pattern.compile(Pattern.quote(list) + "\\.(\\d{1,6})\\..*");
        List<Integer> numbers = state.names().stream()
                .map(numbered::matcher)
                .filter(Matcher::matches)
                .map(m -> Integer.valueOf(m.group(1)))
                .toList();
        return numbers.stream().mapToInt(n -> n + 1).max().orElse(0);
    }
}

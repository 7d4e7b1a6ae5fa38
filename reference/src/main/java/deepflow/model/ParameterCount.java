package deepflow.model;

import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How many numbers a model stores, and how many multiplications one image costs: from the declarations alone,
/// nothing is allocated.
///
/// @param parameters numbers in the state dict, `pos_embed` included, as the paper's Table 8 counts
/// @param byModule the same by module, in the order of declaration; `blocks.*.mlp` is the sum over all blocks
/// @param multiplyAdds multiply-adds of one image: see [#of]
public record ParameterCount(long parameters, Map<String, Long> byModule, long multiplyAdds) {
    /// Makes the map unmodifiable.
    public ParameterCount {
        byModule = Collections.unmodifiableMap(new LinkedHashMap<>(byModule));
    }

    /// Counts.
    ///
    /// Multiply-adds are those of one forward pass of one image through the linear layers and the patch convolution
    /// (in·out for each token, or for each image where a layer works on conditions), times the number of calls. As
    /// the paper's GFLOPs column does (SPEC §4), they leave out the products of attention (q·kᵀ and p·v) and all
    /// projections of cross-space attention; the column is reproduced within 1 %.
    public static ParameterCount of(ModelConfig config) {
        List<ParameterSpec> specs = Declarations.of(new DeepFlow(config));
        Map<String, Long> byModule = new LinkedHashMap<>();
        long parameters = 0;
        long products = 0;
        for (ParameterSpec spec : specs) {
            parameters += spec.shape().size();
            byModule.merge(module(spec.name()), spec.shape().size(), Long::sum);
            if (isLinear(spec)) {
                products += spec.shape().size() * rows(spec.name(), config) * calls(spec.name(), config.k());
            }
        }
        return new ParameterCount(parameters, byModule, products);
    }

    /// In millions, as the paper gives it.
    public double millions() {
        return parameters / 1e6;
    }

    /// Multiply-adds in 10⁹, as the paper's GFLOPs column has them.
    public double gflops() {
        return multiplyAdds / 1e9;
    }

    private static String module(String parameter) {
        String[] path = parameter.split("\\.");
        boolean numbered = path[0].equals("blocks") || path[0].equals("df_blocks");
        return numbered ? path[0] + ".*." + path[2] : path[0];
    }

    private static boolean isLinear(ParameterSpec spec) {
        return spec.name().endsWith(".weight")
                && spec.shape().rank() >= 2
                && !spec.name().startsWith("y_embedder.")
                && !spec.name().contains(".cross_attention.");
    }

    /// How many vectors of one image pass through a layer in one call.
    private static long rows(String parameter, ModelConfig config) {
        boolean ofConditions = parameter.startsWith("t_embedder.")
                || parameter.startsWith("dt_embedder.")
                || parameter.contains("adaLN_modulation.");
        return ofConditions ? 1 : config.tokens();
    }

    /// How often a forward pass calls a layer.
    private static long calls(String parameter, int k) {
        return switch (parameter.substring(0, parameter.indexOf('.'))) {
            case "t_embedder" -> k;
            case "dt_embedder", "final_acc_layer" -> k - 1;
            case "final_layer" -> parameter.startsWith("final_layer.0.") ? k - 1 : 1;
            default -> 1;
        };
    }
}

package deepflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.nn.Declarations;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParameterCountTest {
    /// SPEC §4: counts of the authors' published implementation in millions, and the figures of the paper's Table 8
    /// (arXiv 2503.14494).
    @ParameterizedTest
    @CsvSource({
        "B/2-2T, 10, 144.94, 144",
        "B/2-2T, 12, 166.20, 166",
        "L/2-2T, 20, 431.35, 431",
        "L/2-2T, 22, 469.13, 469",
        "L/2-2T, 24, 506.91, 507",
        "XL/2-2T, 22, 588.34, 588",
        "XL/2-2T, 24, 636.15, 636",
        "XL/2-2T, 26, 683.96, 683",
        "XL/2-2T, 28, 731.77, 731",
        "L/2-3T, 18, 433.44, 433",
        "L/2-3T, 21, 490.11, 490",
        "L/2-3T, 24, 546.78, 547",
        "XL/2-3T, 18, 538.13, 538",
        "XL/2-3T, 21, 609.84, 609",
        "XL/2-3T, 24, 681.56, 681",
        "XL/2-3T, 27, 753.27, 753",
        "XL/2-4T, 28, 822.59, 822",
        "SiT-B/2, 12, 130.51, 130",
        "SiT-L/2, 24, 458.10, 458",
        "SiT-XL/2, 28, 675.13, 675",
    })
    void countsAreThePapers(String name, int depth, double millions, int paper) {
        PaperModel row = PaperModel.all().stream()
                .filter(m -> m.name().equals(name) && m.config().depth() == depth)
                .findFirst()
                .orElseThrow();
        assertEquals(millions, ParameterCount.of(row.config()).millions(), 0.005);
        assertEquals(paper, row.millions());
        assertEquals(row.config(), Configs.named(name + "@" + depth));
    }

    @Test
    void thereAreTwentyDifferentRows() {
        Set<ModelConfig> configs = new HashSet<>();
        PaperModel.all().forEach(m -> configs.add(m.config()));
        assertEquals(20, configs.size());
        assertEquals(
                "XL/2-4T", PaperModel.find(Configs.named("xl-4t")).orElseThrow().name());
        assertTrue(PaperModel.find(Configs.named("digits")).isEmpty());
    }

    /// The paper's GFLOPs column (SPEC §4).
    @ParameterizedTest
    @CsvSource({"b-2t@12, 28", "l-3t@24, 92", "xl-3t@24, 113", "xl-4t@28, 137"})
    void multiplyAddsAreThePapers(String name, double gflops) {
        assertEquals(gflops, ParameterCount.of(Configs.named(name)).gflops(), 0.04 * gflops);
    }

    /// Layer by layer, by hand: D = 32, T = 16, L = 4, k = 2, A = 48, p·p·C = 16.
    @Test
    void multiplyAddsOfATinyModelByHand() {
        long d = 32;
        long t = 16;
        long a = 48;
        long blocks = 4 * (t * 12 * d * d + 6 * d * d);
        long embedders = t * 16 * d + 2 * (256 * d + d * d) + (256 * 2 * d + 4 * d * d);
        long vera = t * (d * a + 2 * a * a + 2 * a * a + a * d) + t * (4 * d * d + 2 * d * d) + 2 * d * 4 * d;
        long layers = 3 * (t * d * 16 + 2 * d * d);
        ParameterCount count = ParameterCount.of(Configs.named("tiny-2t"));
        assertEquals(blocks + embedders + vera + layers, count.multiplyAdds());
        // the unused acceleration layer, velocity layer and gap embedder of a single branch cost nothing
        assertEquals(
                blocks + t * 16 * d + (256 * d + d * d) + (t * d * 16 + 2 * d * d),
                ParameterCount.of(Configs.named("tiny-sit")).multiplyAdds());
    }

    @Test
    void modulesAddUpToTheWhole() {
        for (String name : List.of("tiny-3t", "digits", "sit-b", "xl-4t")) {
            ModelConfig config = Configs.named(name);
            ParameterCount count = ParameterCount.of(config);
            long declared = Declarations.of(new DeepFlow(config)).stream()
                    .mapToLong(s -> s.shape().size())
                    .sum();
            assertEquals(declared, count.parameters());
            assertEquals(
                    declared,
                    count.byModule().values().stream().mapToLong(n -> n).sum());
        }
        assertEquals(
                List.of(
                        "x_embedder",
                        "t_embedder",
                        "y_embedder",
                        "pos_embed",
                        "blocks.*.attn",
                        "blocks.*.mlp",
                        "blocks.*.adaLN_modulation",
                        "dt_embedder",
                        "df_blocks.*.acc_mlp",
                        "df_blocks.*.acc_norm",
                        "df_blocks.*.cross_attention",
                        "final_layer",
                        "final_acc_layer"),
                List.copyOf(
                        ParameterCount.of(Configs.named("tiny-2t")).byModule().keySet()));
    }
}

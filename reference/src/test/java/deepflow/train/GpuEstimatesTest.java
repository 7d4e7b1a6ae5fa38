package deepflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.cost.Cost;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.model.PaperModel;
import deepflow.model.ParameterCount;
import deepflow.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/// The estimates in docs/gpu.md are those that the cost model gives today. After a change of either,
/// `-Ddeepflow.docs.write=true` writes the table again.
class GpuEstimatesTest {
    private static final Path PAGE = Path.of("..", "docs", "gpu.md");
    private static final String BEGIN = "<!-- estimates: begin -->\n";
    private static final String END = "<!-- estimates: end -->\n";
    private static final int BATCH = 32;
    private static final double GIB = 1L << 30;

    /// An H100 SXM as its data sheet has it, without sparsity: bytes a second, and operations a second of
    /// products.
    private static final double BANDWIDTH = 3.35e12;

    private static final double F32 = 66.9e12;
    private static final double TF32 = 494.7e12;
    private static final double BF16 = 989.4e12;

    @Test
    void thePageHasTodaysEstimates() throws IOException {
        StringBuilder table = new StringBuilder("""
                | model | parameters, M | memory, GiB | TFLOP | moved, GB | f32, ms | tf32, ms | bf16, ms | bf16, images/s |
                |---|---|---|---|---|---|---|---|---|
                """);
        PaperModel.all().forEach(m -> table.append(row(m)));
        String page = Files.readString(PAGE);
        int begin = page.indexOf(BEGIN) + BEGIN.length();
        int end = page.indexOf(END);
        if (Boolean.getBoolean("deepflow.docs.write")) {
            Files.writeString(PAGE, page.substring(0, begin) + table + page.substring(end));
            return;
        }
        assertEquals(table.toString(), page.substring(begin, end), "run with -Ddeepflow.docs.write=true");
    }

    private static String row(PaperModel m) {
        ModelConfig c = m.config();
        Cost cost = TrainingCost.of(new DeepFlow(c), Objective.published(c.k()), BATCH, 1, DType.F32);
        double moving = cost.traffic() / BANDWIDTH;
        double bf16 = cost.flops() / BF16 + moving;
        return String.format(
                Locale.ROOT,
                "| %s, depth %d | %.0f | %.1f | %.1f | %.0f | %.0f | %.0f | %.0f | %.0f |%n",
                m.name(),
                c.depth(),
                ParameterCount.of(c).parameters() / 1e6,
                cost.peakBytes() / GIB,
                cost.flops() / 1e12,
                cost.traffic() / 1e9,
                1e3 * (cost.flops() / F32 + moving),
                1e3 * (cost.flops() / TF32 + moving),
                1e3 * bf16,
                BATCH / bf16);
    }
}

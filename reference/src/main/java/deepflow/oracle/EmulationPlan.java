package deepflow.oracle;

import deepflow.cost.Cost;
import deepflow.model.ModelConfig;
import deepflow.tensor.DType;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How many emulated runs a step gets, and how many at a time; or why none.
///
/// @param runs R; 0 for none
/// @param threads runs made at a time
/// @param refused why there are none; empty where there are
record EmulationPlan(int runs, int threads, String refused) {
    /// R where a run is cheap.
    static final int MANY = 16;
    /// R for a large step: limits are a little wider.
    static final int FEW = 8;
    /// Multiply-adds of a step above which it is large: `latent-s`, not `digits` with 16 images.
    private static final long LARGE = 3_000_000_000L;

    private static EmulationPlan none(String why) {
        return new EmulationPlan(0, 0, why);
    }

    /// @param judging R where somebody asked for it: then it is tried whatever it needs
    /// @param replay the type the truth is computed in
    /// @param workers what runs would use; null for nothing
    static EmulationPlan of(Judging judging, DType replay, @Nullable Workers workers, Dump dump) {
        Integer asked = judging.runs();
        if (asked != null && asked == 0 || workers == null) {
            return none("no emulated runs were asked for");
        }
        if (replay != DType.F64) {
            return none("a replay in float32 is no truth to measure by");
        }
        ModelConfig c = dump.metadata().config();
        int samples = Math.toIntExact(dump.info("in.x0").shape()[0]);
        Cost cost = StepMemory.of(c, samples, replay, Replay.keep(dump));
        int runs = asked != null ? asked : cost.multiplyAdds() > LARGE ? FEW : MANY;
        double step = cost.peakBytes();
        double heap = Runtime.getRuntime().maxMemory();
        double needed = StepMemory.emulation(step, 1);
        if (asked == null && needed > heap) {
            return none(String.format(
                    Locale.ROOT,
                    "emulated runs need about %.1f GiB of memory, the JVM may use %.1f GiB; --runs %d would try",
                    needed / (1L << 30),
                    heap / (1L << 30),
                    runs));
        }
        int threads = workers.threads();
        while (threads > 1 && StepMemory.emulation(step, threads) > heap) {
            threads--;
        }
        return new EmulationPlan(runs, threads, "");
    }
}

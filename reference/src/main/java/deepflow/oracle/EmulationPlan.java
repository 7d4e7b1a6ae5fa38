package deepflow.oracle;

import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
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
    /// Multiplications of parameters with tokens above which a step is large: `latent-s`, not `digits` with 16 images.
    private static final double LARGE = 1e9;

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
        long samples = dump.info("in.x0").shape()[0];
        int runs = asked != null ? asked : work(c, samples) > LARGE ? FEW : MANY;
        double step = StepMemory.bytes(c, samples, replay, Replay.keep(dump));
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

    private static double work(ModelConfig c, long samples) {
        double parameters = 0;
        for (var spec : Declarations.of(new DeepFlow(c))) {
            parameters += spec.shape().size();
        }
        return parameters * c.tokens() * samples;
    }
}

package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.DType;
import java.util.Locale;

/// About how much memory a step needs, so that one that cannot fit is refused before it starts.
final class StepMemory {
    /// Tensors of a token's width that a block and its backward keep, counted in the code of `deepflow.nn.Block`.
    private static final double TOKEN_TENSORS_PER_BLOCK = 34;
    /// As many again where every output's gradient is kept.
    private static final double GRADIENTS_KEPT = 20;
    /// Images that the inputs and the loss keep, and those of each branch: velocity, acceleration, x̂₀, differences.
    private static final double IMAGES = 6;

    private static final double IMAGES_PER_BRANCH = 10;

    /// Of a replay's memory: values and bounds of all tensors.
    private static final double BOUNDED = 2.5;
    /// Truths of operations alone, and mean squares of two kinds of error in float32.
    private static final double SPREADS = 1.5;
    /// A run, whose tensors are float64 whatever type they have the numbers of.
    private static final double RUN = 1.25;

    private StepMemory() {}

    /// What a check with emulated runs holds: the replay, its operations from the dump's own inputs with their bounds
    /// or,
    /// after that, their values and the runs' spreads; and the runs.
    ///
    /// @param replay bytes of a replay in float64
    /// @param threads runs at a time
    static double emulation(double replay, int threads) {
        return replay * (1 + Math.max(BOUNDED, SPREADS + threads * RUN));
    }

    /// @param samples N
    /// @param subject whose step it is, the beginning of a sentence
    /// @param advice how to need less, before "or more memory"
    /// @throws FormatException if the step needs more than the heap can be
    static void require(
            ModelConfig c, long samples, DType dtype, RecordedStep.Keep keep, String subject, String advice) {
        double needed = bytes(c, samples, dtype, keep);
        double heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new FormatException(String.format(
                    Locale.ROOT,
                    "%s needs about %.1f GiB of memory, the JVM may use %.1f GiB; %s or more memory"
                            + " (DEEPFLOW_JAVA_OPTS=-Xmx…) would help.",
                    subject,
                    needed / (1L << 30),
                    heap / (1L << 30),
                    advice));
        }
    }

    /// What the replay of a step holds.
    static double bytes(ModelConfig c, long samples, DType dtype, RecordedStep.Keep keep) {
        double parameters = 0;
        for (ParameterSpec spec : Declarations.of(new DeepFlow(c))) {
            parameters += spec.shape().size();
        }
        double tokens = (double) samples * c.tokens();
        double blocks = c.depth() + 2.0 * (c.k() - 1);
        double perBlock =
                TOKEN_TENSORS_PER_BLOCK + (keep == RecordedStep.Keep.OUTPUTS_AND_GRADIENTS ? GRADIENTS_KEPT : 0);
        double images = (double) samples * c.outChannels() * c.size() * c.size();
        double values = images * (IMAGES + IMAGES_PER_BRANCH * c.k())
                + tokens * c.width() * perBlock * blocks
                + tokens * (2.0 * c.acc() * 6 + 4.0 * c.sslDim()) * (c.k() - 1)
                + tokens * c.tokens() * c.heads() * (blocks + 3);
        return dtype.bytes() * (2 * parameters + values);
    }
}

package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.DType;
import java.nio.file.Path;

/// About how much memory a step needs, so that one that cannot fit is refused before it starts.
final class StepMemory {
    /// Tensors of a token's width that a block and its backward keep, counted in the code of `deepflow.nn.Block`.
    private static final double TOKEN_TENSORS_PER_BLOCK = 34;
    /// As many again where every output's gradient is kept.
    private static final double GRADIENTS_KEPT = 20;
    /// Images that the inputs and the loss keep, and those of each branch: velocity, acceleration, x̂₀, differences.
    private static final double IMAGES = 6;

    private static final double IMAGES_PER_BRANCH = 10;

    private StepMemory() {}

    /// @param samples N
    /// @throws FormatException if the step needs more than the heap can be
    static void require(ModelConfig c, long samples, DType dtype, RecordedStep.Keep keep, Path file) {
        double needed = bytes(c, samples, dtype, keep);
        double heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new FormatException(
                    "%s: the step needs about %.1f GiB of memory, the JVM may use %.1f GiB; a smaller batch, --compute f32 or more memory (DEEPFLOW_JAVA_OPTS=-Xmx…) would help."
                            .formatted(file, needed / (1L << 30), heap / (1L << 30)));
        }
    }

    private static double bytes(ModelConfig c, long samples, DType dtype, RecordedStep.Keep keep) {
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

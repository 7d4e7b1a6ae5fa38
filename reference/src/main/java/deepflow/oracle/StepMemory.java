package deepflow.oracle;

import deepflow.cost.Cost;
import deepflow.cost.Heap;
import deepflow.cost.MetaBackend;
import deepflow.cost.Purpose;
import deepflow.io.FormatException;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Objective;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/// How much memory a recorded step needs, so that one that cannot fit is refused before it starts.
public final class StepMemory {
    /// What is compared at a time, as float64: the truth, the dump's numbers, and a result on its way.
    private static final int COMPARED = 3;

    /// Of a replay's memory: weights, two truths of every tensor (of a float32 dump in half the memory), and mean
    /// squares of two kinds of error in float32. Values and bounds of all tensors, before that, need no more.
    private static final double TRUTHS = 3;
    /// A run: what its backward pass needs, in float64 whatever type it has the numbers of.
    private static final double RUN = 0.6;

    private StepMemory() {}

    /// What a check with emulated runs holds: truths, the runs' spreads, and the runs.
    ///
    /// @param replay bytes of a replay in float64
    /// @param threads runs at a time
    static double emulation(double replay, int threads) {
        return replay * (TRUTHS + threads * RUN);
    }

    /// @param b where it will be computed
    /// @param samples N
    /// @param subject whose step it is, the beginning of a sentence
    /// @param advice how to need less, before "or more memory"
    /// @throws FormatException if the step needs more memory than there is
    static void require(Backend b, ModelConfig c, long samples, RecordedStep.Keep keep, String subject, String advice) {
        long needed;
        try {
            needed = of(c, Math.toIntExact(samples), b.dtype(), keep).peakBytes();
        } catch (ArithmeticException e) {
            needed = Long.MAX_VALUE; // a tensor with more elements than any array
        }
        Heap.shortage(b, needed, subject, advice).ifPresent(sentence -> {
            throw new FormatException(sentence);
        });
    }

    /// The cost of a step as `check` replays it and `golden` records it.
    ///
    /// @param samples N
    /// @param dtype the type it computes in
    /// @param keep what is kept until it has been compared or written
    public static Cost of(ModelConfig c, int samples, DType dtype, RecordedStep.Keep keep) {
        MetaBackend b = new MetaBackend(dtype);
        DeepFlow model = new DeepFlow(c);
        List<ParameterSpec> specs = Declarations.of(model);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        specs.forEach(s -> weights.put(s.name(), b.full(s.shape(), 0)));
        Batch batch = Batch.zeros(b, c, samples);
        RecordedStep step = RecordedStep.run(b, model, specs, weights, Objective.published(c.k()), batch, keep);
        List<Tensor> kept = new ArrayList<>();
        for (RecordedStep.Output output : step.outputs()) {
            kept.add(output.value().value());
            Tensor gradient = output.handed().gradient();
            if (gradient != null) {
                kept.add(gradient);
            }
        }
        List<Tensor> gradients = specs.stream()
                .map(s -> step.parameters().get(s.name()).gradient())
                .filter(Objects::nonNull)
                .toList();
        long largest = Stream.of(kept, gradients, weights.values())
                .flatMap(Collection::stream)
                .mapToLong(Tensor::size)
                .max()
                .orElse(0);
        b.pass(COMPARED * Double.BYTES * largest);
        b.hold(Purpose.OUTPUTS, kept);
        b.hold(Purpose.GRADIENTS, gradients);
        b.hold(Purpose.WEIGHTS, weights.values());
        b.hold(Purpose.BATCH, batch.tensors());
        return b.cost();
    }
}

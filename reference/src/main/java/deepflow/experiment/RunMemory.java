package deepflow.experiment;

import deepflow.cost.Cost;
import deepflow.cost.Heap;
import deepflow.cost.Purpose;
import deepflow.model.DeepFlow;
import deepflow.sample.EvaluationCost;
import deepflow.tensor.Backend;
import deepflow.train.TrainingCost;

/// The memory that a run needs: for its steps, or for the samples of its pictures beside its state.
final class RunMemory {
    private RunMemory() {}

    /// @param b where it will compute
    /// @param pictures whether samples are drawn on the way
    /// @throws RunRefused if the run does not fit
    static void require(Backend b, RunConfig config, boolean pictures) {
        Heap.shortage(b, bytes(config, pictures), "The run", "a smaller batch, --accumulate N, --precision f32")
                .ifPresent(sentence -> {
                    throw new RunRefused(sentence);
                });
    }

    private static long bytes(RunConfig config, boolean pictures) {
        try {
            DeepFlow model = new DeepFlow(config.model());
            int part = config.batch() / config.accumulate();
            Cost step = TrainingCost.of(model, config.objective(), part, config.accumulate(), config.precision());
            if (!pictures) {
                return step.peakBytes();
            }
            Cost drawing = EvaluationCost.of(model, Draw.BATCH, config.precision());
            // Samples are drawn with the moving average, which is part of the state.
            long state = part(step, Purpose.WEIGHTS) + part(step, Purpose.OPTIMIZER);
            return Math.max(step.peakBytes(), state + drawing.peakBytes() - part(drawing, Purpose.WEIGHTS));
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE; // a tensor with more elements than can be counted
        }
    }

    private static long part(Cost cost, Purpose purpose) {
        return cost.peak().getOrDefault(purpose, 0L);
    }
}

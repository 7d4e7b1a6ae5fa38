package deepflow.train;

import deepflow.cost.Cost;
import deepflow.cost.MetaBackend;
import deepflow.cost.Purpose;
import deepflow.model.VelocityModel;
import deepflow.nn.Declarations;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// What a training step costs, counted by taking one on a back end without elements: no memory is needed for
/// it.
public final class TrainingCost {
    private TrainingCost() {}

    /// A step with gradient clipping, AdamW and moving average, and all that it keeps.
    ///
    /// @param samples in each part of the batch
    /// @param parts of the batch (gradient accumulation), at least 1
    /// @param dtype the type it computes in
    public static Cost of(VelocityModel model, Objective objective, int samples, int parts, DType dtype) {
        MetaBackend b = new MetaBackend(dtype);
        TrainingState state = TrainingState.zeros(b, Declarations.of(model));
        List<Batch> batch = new ArrayList<>();
        for (int i = 0; i < parts; i++) {
            batch.add(Batch.zeros(b, model.config(), samples));
        }
        new Trainer(model, objective, OptimizerConfig.PUBLISHED).step(b, state, batch, 1);
        b.hold(Purpose.WEIGHTS, state.weights().values());
        b.hold(Purpose.OPTIMIZER, optimizer(state));
        batch.forEach(part -> b.hold(Purpose.BATCH, part.tensors()));
        return b.cost();
    }

    private static List<Tensor> optimizer(TrainingState state) {
        List<Tensor> all = new ArrayList<>();
        state.trained().forEach(spec -> {
            ParameterState p = state.of(spec);
            all.addAll(List.of(p.m(), p.v(), p.ema()));
        });
        return all;
    }
}

package deepflow.bench;

import deepflow.autograd.Tape;
import deepflow.model.DeepFlow;
import deepflow.model.ModelConfig;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Objective;
import deepflow.train.OptimizerConfig;
import deepflow.train.Trainer;
import deepflow.train.TrainingState;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// Whole steps of a model, the work of the PyTorch peer's `bench`.
final class StepWork {
    private StepWork() {}

    /// Forward, losses, backward, clipping, AdamW; and a moving average of the weights, which the peer does not have.
    static Work training(ModelConfig c, int samples) {
        DeepFlow model = new DeepFlow(c);
        Trainer trainer = new Trainer(model, Objective.published(c.k()), OptimizerConfig.PUBLISHED);
        return new Work("train_step", true, Map.of(), in -> {
            Backend b = in.b();
            TrainingState state = in.state(Declarations.of(model));
            List<Batch> batch = List.of(in.batch(c, samples));
            long[] steps = {0};
            return () -> trainer.step(b, state, batch, ++steps[0]);
        });
    }

    /// One evaluation, every branch at the same time, with nothing kept.
    static Work forward(ModelConfig c, int samples) {
        DeepFlow model = new DeepFlow(c);
        List<ParameterSpec> specs = Declarations.of(model);
        return new Work("forward", true, Map.of(), in -> {
            Backend b = in.b();
            Map<String, Tensor> weights = in.weights(specs);
            Batch batch = in.batch(c, samples);
            List<Tensor> times = Collections.nCopies(c.k(), batch.t().getFirst());
            return () -> {
                try (Arena _ = b.arena()) {
                    Tape tape = Tape.inference(b);
                    Context root = Context.root(tape, Parameters.on(tape, specs, weights), TraceListener.NONE);
                    model.forward(root, tape.constant(batch.x1()), times, batch.y());
                }
            };
        });
    }
}

package deepflow.sample;

import deepflow.autograd.Tape;
import deepflow.model.ModelConfig;
import deepflow.model.Prediction;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// A model with weights on a back end, in evaluation: every branch gets the same time, the last branch answers. It
/// computes in the back end's precision; numbers are rounded on the way in and widened on the way out.
public final class ModelField implements VelocityField {
    private final Backend backend;
    private final VelocityModel model;
    private final List<ParameterSpec> specs;
    private final Map<String, Tensor> weights;

    /// @param backend what evaluates the model
    /// @param model the model, with data at time 0 ([deepflow.model.TimeDirection])
    /// @param weights values of its parameters on the back end, by name
    public ModelField(Backend backend, VelocityModel model, Map<String, Tensor> weights) {
        this.backend = backend;
        this.model = model;
        this.specs = Declarations.of(model);
        this.weights = weights;
    }

    @Override
    public Shape sample() {
        ModelConfig c = model.config();
        return Shape.of(c.channels(), c.size(), c.size());
    }

    @Override
    public int nullLabel() {
        return model.config().classes();
    }

    @Override
    public double[] velocity(double[] x, double[] t, int[] labels) {
        ModelConfig c = model.config();
        int n = t.length;
        try (Arena _ = backend.arena()) {
            Tape tape = Tape.inference(backend);
            Context root = Context.root(tape, Parameters.on(tape, specs, weights), TraceListener.NONE);
            Tensor image = backend.upload(x, Shape.of(n, c.channels(), c.size(), c.size()));
            Tensor time = backend.upload(t, Shape.of(n));
            Prediction p = model.forward(
                    root,
                    tape.constant(image),
                    Collections.nCopies(c.k(), time),
                    backend.uploadIndices(labels, Shape.of(n)));
            return backend.download(p.velocities().getLast().value());
        }
    }
}

package deepflow.sample;

import deepflow.autograd.Tape;
import deepflow.cost.Cost;
import deepflow.cost.Heap;
import deepflow.cost.MetaBackend;
import deepflow.cost.Purpose;
import deepflow.io.FormatException;
import deepflow.model.ModelConfig;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.ParameterSpec;
import deepflow.nn.Parameters;
import deepflow.nn.TraceListener;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What one evaluation of a model costs, counted on a back end without elements: no memory is needed for it.
public final class EvaluationCost {
    private EvaluationCost() {}

    /// One evaluation ([ModelField]), and the weights it needs.
    ///
    /// @param samples computed at a time
    /// @param dtype the type it computes in
    public static Cost of(VelocityModel model, int samples, DType dtype) {
        MetaBackend b = new MetaBackend(dtype);
        List<ParameterSpec> specs = Declarations.of(model);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        specs.forEach(s -> weights.put(s.name(), b.full(s.shape(), 0)));
        ModelConfig c = model.config();
        Tensor x = b.full(Shape.of(samples, c.channels(), c.size(), c.size()), 0);
        Tensor t = b.full(Shape.of(samples), 0);
        Tensor y = b.indices(samples);
        Tape tape = Tape.inference(b);
        model.forward(
                Context.root(tape, Parameters.on(tape, specs, weights), TraceListener.NONE),
                tape.constant(x),
                Collections.nCopies(c.k(), t),
                y);
        b.hold(Purpose.WEIGHTS, weights.values());
        b.hold(Purpose.BATCH, List.of(x, t, y));
        return b.cost();
    }

    /// Asks for memory before any is taken.
    ///
    /// @param b where it will be evaluated
    /// @param samples evaluated at a time
    /// @throws FormatException if the model with so many samples does not fit
    public static void require(Backend b, VelocityModel model, int samples) {
        long needed;
        try {
            needed = of(model, samples, b.dtype()).peakBytes();
        } catch (ArithmeticException e) {
            needed = Long.MAX_VALUE; // a tensor with more elements than can be counted
        }
        Heap.shortage(b, needed, "The model with a batch of " + samples, "a smaller batch, --compute f32")
                .ifPresent(sentence -> {
                    throw new FormatException(sentence);
                });
    }
}

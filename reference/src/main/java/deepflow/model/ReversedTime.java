package deepflow.model;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// A published SiT checkpoint seen from this side: it runs time the other way (noise at 0, data at 1), so
/// v(x, t) = −v_SiT(x, 1 − t) (SPEC §2).
///
/// @param inner the model as published
public record ReversedTime(VelocityModel inner) implements VelocityModel {
    @Override
    public ModelConfig config() {
        return inner.config();
    }

    @Override
    public void declare(Declarations into) {
        inner.declare(into);
    }

    @Override
    public Prediction forward(Context ctx, Variable x, List<Tensor> t, Tensor y) {
        Backend b = ctx.tape().backend();
        List<Tensor> reversed = new ArrayList<>();
        for (Tensor ti : t) {
            reversed.add(b.subtract(b.full(ti.shape(), 1), ti));
        }
        Prediction p = inner.forward(ctx, x, reversed, y);
        List<Variable> velocities =
                p.velocities().stream().map(v -> Pointwise.scale(v, -1)).toList();
        return new Prediction(velocities, p.accelerations(), p.refined(), p.projected());
    }
}

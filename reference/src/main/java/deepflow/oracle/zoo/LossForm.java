package deepflow.oracle.zoo;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.equation.AlignmentLoss;
import deepflow.equation.Interpolant;
import deepflow.equation.SecondOrderLoss;
import deepflow.equation.TotalLoss;
import deepflow.equation.VelocityLoss;
import deepflow.model.Prediction;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.Batch;
import deepflow.train.Losses;
import deepflow.train.Objective;
import java.util.List;

/// The objective in pieces, each of which a mistake may replace; the defaults are right, and put together they are
/// [Objective#evaluate]. Branches count from 0.
interface LossForm {
    /// Data, noise and the rest of what a loss is made from.
    ///
    /// @param objective the right one
    /// @param x0 data
    /// @param x1 noise
    /// @param batch times, labels
    record Scene(Objective objective, Variable x0, Variable x1, Batch batch) {
        Backend backend() {
            return x0.backend();
        }

        Tensor time(int branch) {
            return batch.t().get(branch);
        }
    }

    /// x_t, Eq. 1.
    default Variable interpolant(Scene s, Tensor t) {
        return Interpolant.at(s.objective().path(), s.x0(), s.x1(), t);
    }

    /// What the network is fed.
    default Variable fed(Scene s) {
        return interpolant(s, s.time(0));
    }

    /// The times the network is given.
    default List<Tensor> times(Scene s) {
        return s.batch().t();
    }

    /// The labels the network is given.
    ///
    /// @param classes K
    default Tensor labels(Scene s, int classes) {
        return s.batch().y();
    }

    /// V.
    default Variable target(Scene s, int branch) {
        return Interpolant.velocity(s.objective().path(), s.objective().target(), s.x0(), s.x1(), s.time(branch));
    }

    /// ‖v − V‖² of a branch, Eq. 3.
    default Variable velocityLoss(Scene s, int branch, Variable v) {
        return VelocityLoss.of(v, target(s, branch));
    }

    /// β of a branch, Eq. 5.
    default double beta(Scene s, int branch) {
        return s.objective().betas().get(branch);
    }

    /// The velocity as Eq. 7 sees it.
    default Variable seen(Variable v) {
        return v.tape().detach(v);
    }

    /// x_{t_i} of Eq. 7.
    default Variable start(Scene s, int branch) {
        return interpolant(s, s.time(branch));
    }

    /// x̂₀ of Eq. 7.
    default Variable landing(Scene s, int branch, Variable v, Variable a) {
        return SecondOrderLoss.estimate(start(s, branch), v, a, s.time(branch));
    }

    /// L_acc of a branch, Eq. 7.
    default Variable accelerationLoss(Scene s, int branch, Variable v, Variable a) {
        return VelocityLoss.of(landing(s, branch, seen(v), a), s.x0());
    }

    /// λ, Eq. 10.
    default double lambda(Scene s) {
        return s.objective().lambda();
    }

    /// All of it.
    static Losses evaluate(LossForm form, StepSoFar step, Context ctx, VelocityModel model) {
        Tape tape = ctx.tape();
        Batch batch = step.batch();
        Scene s = new Scene(step.objective(), tape.constant(batch.x0()), tape.constant(batch.x1()), batch);
        Prediction p = model.forward(
                ctx, form.fed(s), form.times(s), form.labels(s, step.config().classes()));
        Variable deep = form.weighted(s, 0, p.velocities().getFirst());
        for (int i = 1; i < p.velocities().size(); i++) {
            deep = Pointwise.add(deep, form.weighted(s, i, p.velocities().get(i)));
        }
        Variable acc = tape.constant(Shape.SCALAR, 0);
        for (int i = 0; i < p.accelerations().size(); i++) {
            acc = Pointwise.add(
                    acc,
                    form.accelerationLoss(
                            s, i, p.velocities().get(i), p.accelerations().get(i)));
        }
        Objective.Watch watch = step.watch();
        Variable total = TotalLoss.of(watch.loss("deep", deep), watch.loss("acc", acc), form.lambda(s));
        if (p.projected().isEmpty() || batch.z() == null) {
            return new Losses(deep, acc, null, total, p);
        }
        Variable ssl = AlignmentLoss.of(p.projected(), tape.constant(batch.z()));
        double weight = step.objective().sslWeight();
        return new Losses(deep, acc, ssl, Pointwise.add(total, Pointwise.scale(watch.loss("ssl", ssl), weight)), p);
    }

    private Variable weighted(Scene s, int branch, Variable v) {
        return Pointwise.scale(velocityLoss(s, branch, v), beta(s, branch));
    }
}

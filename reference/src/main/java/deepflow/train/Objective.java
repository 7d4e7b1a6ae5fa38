package deepflow.train;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.equation.AlignmentLoss;
import deepflow.equation.DeepSupervisionLoss;
import deepflow.equation.FlowPath;
import deepflow.equation.Interpolant;
import deepflow.equation.SecondOrderLoss;
import deepflow.equation.TotalLoss;
import deepflow.equation.VelocityTarget;
import deepflow.model.Prediction;
import deepflow.model.VelocityModel;
import deepflow.nn.Context;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// What is minimised (Eq. 10, SPEC §3), and how to compute it for a batch.
///
/// @param betas βⁱ of each branch, k numbers
/// @param lambda λ, the weight of the acceleration loss
/// @param path between data and noise
/// @param target of the velocities
/// @param sslWeight weight of the SSL alignment
public record Objective(List<Double> betas, double lambda, FlowPath path, VelocityTarget target, double sslWeight) {
    private static final double INTERMEDIATE_BETA = 0.2;
    private static final double SSL_WEIGHT = 0.5;

    /// Copies the list of weights.
    public Objective {
        betas = List.copyOf(betas);
    }

    /// The paper's: β = 0.2 for intermediate branches and 1 for the last, λ = 1, linear path, SSL weight 0.5.
    public static Objective published(int k) {
        List<Double> betas = Stream.concat(
                        Stream.generate(() -> INTERMEDIATE_BETA).limit(k - 1L), Stream.of(1.0))
                .toList();
        return new Objective(betas, 1, FlowPath.LINEAR, VelocityTarget.DIFFERENCE, SSL_WEIGHT);
    }

    /// Stands between the losses and their sum.
    @FunctionalInterface
    public interface Watch {
        /// What the total loss is to see of a loss.
        ///
        /// @param name `deep`, `acc` or `ssl`
        Variable loss(String name, Variable value);
    }

    /// Runs the model on x_{t₁} and computes every loss.
    ///
    /// @param ctx the forward pass's root context
    public Losses evaluate(Context ctx, VelocityModel model, Batch batch) {
        return evaluate(ctx, model, batch, (name, value) -> value);
    }

    /// The same with something between the losses and their sum; what is returned are the losses as computed.
    public Losses evaluate(Context ctx, VelocityModel model, Batch batch, Watch watch) {
        Tape tape = ctx.tape();
        Variable x0 = tape.constant(batch.x0());
        Variable x1 = tape.constant(batch.x1());
        Prediction p = model.forward(ctx, Interpolant.at(path, x0, x1, batch.t().getFirst()), batch.t(), batch.y());

        List<Variable> targets = new ArrayList<>();
        for (int i = 0; i < p.velocities().size(); i++) {
            targets.add(Interpolant.velocity(path, target, x0, x1, batch.t().get(i)));
        }
        Variable deep = DeepSupervisionLoss.of(p.velocities(), targets, betas);

        Variable acc = tape.constant(Shape.SCALAR, 0);
        for (int i = 0; i < p.accelerations().size(); i++) {
            Tensor t = batch.t().get(i);
            Variable xt = Interpolant.at(path, x0, x1, t);
            acc = Pointwise.add(
                    acc,
                    SecondOrderLoss.of(
                            xt, p.velocities().get(i), p.accelerations().get(i), t, x0));
        }

        Variable total = TotalLoss.of(watch.loss("deep", deep), watch.loss("acc", acc), lambda);
        if (p.projected().isEmpty() || batch.z() == null) {
            return new Losses(deep, acc, null, total, p);
        }
        Variable ssl = AlignmentLoss.of(p.projected(), tape.constant(batch.z()));
        return new Losses(deep, acc, ssl, Pointwise.add(total, Pointwise.scale(watch.loss("ssl", ssl), sslWeight)), p);
    }
}

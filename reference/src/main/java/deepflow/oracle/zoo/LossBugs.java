package deepflow.oracle.zoo;

import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.equation.VelocityLoss;
import deepflow.model.ModelConfig;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/// Mistakes in the losses.
final class LossBugs {
    private static final String VELOCITY = Zoo.any(
            "loss\\.(deep|total)",
            Zoo.gradact("final_layer(\\.\\d)?\\.linear", "final_layer"),
            Zoo.grad("final_layer(\\.\\d)?\\.linear\\..*"));
    private static final String ACCELERATION = Zoo.any(
            "loss\\.(acc|total)", Zoo.gradact("final_acc_layer\\.linear"), Zoo.grad("final_acc_layer\\.linear\\..*"));
    private static final String TOTAL =
            Zoo.any("loss\\.total", Zoo.gradact("final_acc_layer\\.linear"), Zoo.grad("final_acc_layer\\.linear\\..*"));

    static final List<Bug> ALL = List.of(
            deep(
                    "target-sign",
                    "The velocity's target is x₀ − x₁; it is x₁ − x₀, from data to noise.",
                    "the target of the velocity loss",
                    List.of(2, 3),
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable target(Scene s, int branch) {
                            return Pointwise.subtract(s.x0(), s.x1());
                        }
                    }),
            deep(
                    "target-is-noise",
                    "The network is trained towards the noise x₁, as diffusion models are; the target is x₁ − x₀.",
                    "the target of the velocity loss",
                    List.of(2, 3),
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable target(Scene s, int branch) {
                            return s.x1();
                        }
                    }),
            deep(
                    "sum-for-mean",
                    "Squares are summed over an image; their mean is taken over all its elements.",
                    "the reduction of the velocity loss",
                    List.of(2, 3),
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable velocityLoss(Scene s, int branch, Variable v) {
                            return Pointwise.scale(
                                    LossForm.super.velocityLoss(s, branch, v),
                                    v.shape().product(1, 4));
                        }
                    }),
            deep(
                    "velocity-loss-halved",
                    "The velocity loss is ½‖v − V‖²; there is no ½ in Eq. 3.",
                    "the factor of the velocity loss",
                    List.of(2, 3),
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable velocityLoss(Scene s, int branch, Variable v) {
                            return Pointwise.scale(LossForm.super.velocityLoss(s, branch, v), 0.5);
                        }
                    }),
            deep(
                    "beta-on-wrong-branch",
                    "The last branch has the intermediate β, and the first one the last's.",
                    "the order of the β",
                    List.of(4, 5),
                    c -> c.k() > 1,
                    new LossForm() {
                        @Override
                        public double beta(Scene s, int branch) {
                            List<Double> betas = s.objective().betas();
                            return betas.get(betas.size() - 1 - branch);
                        }
                    }),
            deep(
                    "beta-missing",
                    "Every branch has the last one's β: deep supervision is not weighted.",
                    "β of the intermediate branches",
                    List.of(4, 5),
                    c -> c.k() > 1,
                    new LossForm() {
                        @Override
                        public double beta(Scene s, int branch) {
                            return s.objective().betas().getLast();
                        }
                    }),
            deep(
                    "intermediate-unsupervised",
                    "Intermediate branches have no velocity loss.",
                    "the sum over branches",
                    List.of(4, 5),
                    c -> c.k() > 1,
                    new LossForm() {
                        @Override
                        public double beta(Scene s, int branch) {
                            List<Double> betas = s.objective().betas();
                            return branch == betas.size() - 1 ? betas.getLast() : 0;
                        }
                    }),
            acceleration(
                    "half-missing",
                    "Eq. 7 has a·d² without its factor ½.",
                    "the second-order term",
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable landing(Scene s, int branch, Variable v, Variable a) {
                            return LossForm.super.landing(s, branch, v, Pointwise.scale(a, 2));
                        }
                    }),
            acceleration(
                    "step-sign",
                    "Eq. 7 steps by d = t; it is d = 0 − t, back to the data.",
                    "the sign of d",
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable landing(Scene s, int branch, Variable v, Variable a) {
                            return LossForm.super.landing(s, branch, Pointwise.scale(v, -1), a);
                        }
                    }),
            acceleration(
                    "square-missing",
                    "Eq. 7 has ½·a·d; it is ½·a·d².",
                    "the second-order term",
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable landing(Scene s, int branch, Variable v, Variable a) {
                            Backend b = s.backend();
                            Tensor t = s.time(branch);
                            int[] dims = new int[v.shape().rank()];
                            Arrays.fill(dims, 1);
                            dims[0] = t.shape().dim(0);
                            // x_t − t·(v + ½·a): as ½·a·d with d = −t
                            Variable half = Pointwise.add(v, Pointwise.scale(a, 0.5));
                            Variable step = v.tape().constant(b.scale(t.reshape(dims), -1));
                            return Pointwise.add(start(s, branch), Pointwise.multiply(half, step));
                        }
                    }),
            acceleration(
                    "landing-on-noise",
                    "Eq. 7 compares x̂₀ with the noise x₁; it is compared with the data x₀.",
                    "the target of the acceleration loss",
                    c -> true,
                    new LossForm() {
                        @Override
                        public Variable accelerationLoss(Scene s, int branch, Variable v, Variable a) {
                            return VelocityLoss.of(landing(s, branch, seen(v), a), s.x1());
                        }
                    }),
            acceleration(
                    "start-at-first-time",
                    "Eq. 7 starts every branch from x_t at the first time; branch i starts from x_t at t_i.",
                    "x_t in the acceleration loss",
                    c -> c.k() > 2,
                    new LossForm() {
                        @Override
                        public Variable start(Scene s, int branch) {
                            return interpolant(s, s.time(0));
                        }
                    }),
            new Bug(
                    "lambda-is-beta",
                    Bug.Area.LOSS,
                    "L_acc is weighted by the intermediate β; its weight is λ.",
                    "the sum of the losses",
                    List.of(10),
                    TOTAL,
                    (c, a) -> Zoo.published(c),
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public double lambda(Scene s) {
                            return s.objective().lambda()
                                    * s.objective().betas().getFirst();
                        }
                    })),
            new Bug(
                    "lambda-halved",
                    Bug.Area.LOSS,
                    "L_acc has half its weight in the total loss.",
                    "λ",
                    List.of(10),
                    TOTAL,
                    (c, a) -> Zoo.published(c),
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public double lambda(Scene s) {
                            return 0.5 * s.objective().lambda();
                        }
                    })),
            new Bug(
                    "acceleration-loss-left-out",
                    Bug.Area.LOSS,
                    "The total loss does not have L_acc in it.",
                    "the sum of the losses",
                    List.of(10),
                    Zoo.any(TOTAL, Zoo.grad("final_acc_layer\\..*")),
                    (c, a) -> Zoo.published(c),
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public double lambda(Scene s) {
                            return 0;
                        }
                    })));

    private LossBugs() {}

    private static Bug deep(
            String name,
            String says,
            String look,
            List<Integer> equations,
            Predicate<ModelConfig> possible,
            LossForm form) {
        return new Bug(
                name,
                Bug.Area.LOSS,
                says,
                look,
                equations,
                VELOCITY,
                (c, a) -> possible.test(c),
                new Mistake.Loss(form));
    }

    private static Bug acceleration(
            String name, String says, String look, Predicate<ModelConfig> possible, LossForm form) {
        return new Bug(
                name,
                Bug.Area.LOSS,
                says,
                look,
                List.of(7),
                ACCELERATION,
                (c, a) -> Zoo.published(c) && possible.test(c),
                new Mistake.Loss(form));
    }
}

package deepflow.oracle.zoo;

import deepflow.autograd.Variable;
import deepflow.equation.FlowPath;
import deepflow.equation.Interpolant;
import deepflow.tensor.Backend;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/// Mistakes in Eq. 1 and in what the network is fed.
final class InterpolantBugs {
    private static final String INPUT = Zoo.any(
            Zoo.act("x_embedder\\.proj", "x_embedder"),
            Zoo.grad("x_embedder\\.proj\\.weight"),
            "loss\\.(acc|total)",
            Zoo.gradact("final_acc_layer\\.linear"));

    static final List<Bug> ALL = List.of(
            bug(
                    "data-noise-swapped",
                    "x_t is t·x₀ + (1 − t)·x₁; time 0 is data here, as in the paper and unlike SiT.",
                    "the two weights of the interpolant",
                    new LossForm() {
                        @Override
                        public Variable interpolant(Scene s, Tensor t) {
                            return Interpolant.at(s.objective().path(), s.x1(), s.x0(), t);
                        }
                    }),
            bug(
                    "other-path",
                    "The interpolant follows the cosine path where the linear one is declared, or the other way round.",
                    "the path's α and σ",
                    new LossForm() {
                        @Override
                        public Variable interpolant(Scene s, Tensor t) {
                            FlowPath other =
                                    s.objective().path() == FlowPath.LINEAR ? FlowPath.COSINE : FlowPath.LINEAR;
                            return Interpolant.at(other, s.x0(), s.x1(), t);
                        }
                    }),
            bug(
                    "one-time-per-batch",
                    "The first sample's time is used for every sample of the interpolant.",
                    "how t (N) is broadcast to (N, 1, 1, 1)",
                    new LossForm() {
                        @Override
                        public Variable interpolant(Scene s, Tensor t) {
                            Backend b = s.backend();
                            double[] times = b.download(t);
                            Arrays.fill(times, times[0]);
                            Tensor one = b.inTypeOf(b.upload(times, t.shape()), t);
                            return Interpolant.at(s.objective().path(), s.x0(), s.x1(), one);
                        }
                    }),
            new Bug(
                    "last-time-fed",
                    Bug.Area.INTERPOLANT,
                    "The network is fed x_t at the last branch's time; it is x_t at the first one's.",
                    "which t the interpolant before the network takes",
                    List.of(1),
                    Zoo.any(Zoo.act("x_embedder\\.proj", "x_embedder"), Zoo.grad("x_embedder\\.proj\\.weight")),
                    (c, a) -> c.k() > 1,
                    new Mistake.Loss(new LossForm() {
                        @Override
                        public Variable fed(Scene s) {
                            return interpolant(s, s.batch().t().getLast());
                        }
                    })));

    private InterpolantBugs() {}

    private static Bug bug(String name, String says, String look, LossForm form) {
        return new Bug(
                name, Bug.Area.INTERPOLANT, says, look, List.of(1), INPUT, (c, a) -> true, new Mistake.Loss(form));
    }
}

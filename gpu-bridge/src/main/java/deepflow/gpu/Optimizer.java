package deepflow.gpu;

import deepflow.gpu.device.Kernels;
import deepflow.gpu.device.Launch;
import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arguments;
import deepflow.tensor.Tensor;

/// What an optimizer does to parameters, in place: `optimizer.cu`.
final class Optimizer {
    private static final String FILE = "optimizer";

    private final Tensors tensors;
    private final Kernels kernels;

    Optimizer(Tensors tensors, Kernels kernels) {
        this.tensors = tensors;
        this.kernels = kernels;
    }

    void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        Arguments.adamW(tensors.type(), w, g, m, v);
        Launch launch = kernels.launch(FILE, "adamW")
                .pointer(tensors.address(w))
                .pointer(tensors.address(g))
                .pointer(tensors.address(m))
                .pointer(tensors.address(v))
                .size(w.size());
        constants(launch, step).forElements(w.size());
    }

    void average(Tensor target, Tensor x, double decay) {
        Arguments.floating("average", tensors.type(), target, x);
        Arguments.same("average", target, x);
        kernels.launch(FILE, "average")
                .pointer(tensors.address(target))
                .pointer(tensors.address(x))
                .size(x.size())
                .real(decay)
                .forElements(x.size());
    }

    void train(Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema, AdamWStep step, double decay) {
        Arguments.train(tensors.type(), w, g, factor, m, v, ema);
        Launch launch = kernels.launch(FILE, "train")
                .pointer(tensors.address(w))
                .pointer(tensors.address(g))
                .pointer(tensors.address(factor))
                .pointer(tensors.address(m))
                .pointer(tensors.address(v))
                .pointer(tensors.address(ema))
                .size(w.size());
        constants(launch, step).real(decay).forElements(w.size());
    }

    /// β₁, 1 − β₁, β₂, 1 − β₂, lr·weightDecay, lr/(1 − β₁ⁿ), √(1 − β₂ⁿ), ε, each computed in double, as PyTorch
    /// does, and rounded once.
    private static Launch constants(Launch launch, AdamWStep step) {
        return launch.real(step.beta1())
                .real(1 - step.beta1())
                .real(step.beta2())
                .real(1 - step.beta2())
                .real(step.lr() * step.weightDecay())
                .real(step.lr() / (1 - StrictMath.pow(step.beta1(), step.step())))
                .real(Math.sqrt(1 - StrictMath.pow(step.beta2(), step.step())))
                .real(step.eps());
    }
}

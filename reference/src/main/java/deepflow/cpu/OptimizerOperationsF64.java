package deepflow.cpu;

import static deepflow.cpu.MemoryF64.values;

import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;

/// The operations of a back end on a parameter, in place: they check arguments and share the work out.
final class OptimizerOperationsF64 {
    private static final DType TYPE = MemoryF64.TYPE;

    private final Threads threads;

    OptimizerOperationsF64(Threads threads) {
        this.threads = threads;
    }

    void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        Arguments.adamW(TYPE, w, g, m, v);
        double[] weight = values(w);
        double[] gradient = values(g);
        double[] first = values(m);
        double[] second = values(v);
        AdamWFactors factors = AdamWFactors.of(step);
        threads.split(
                weight.length,
                4,
                LanesF64.VIRTUAL,
                (from, to) -> OptimizerF64.adamW(weight, gradient, 0, first, second, factors, from, to));
    }

    void average(Tensor target, Tensor x, double decay) { // keep
        Arguments.floating("average", TYPE, target, x);
        Arguments.same("average", target, x);
        double[] a = values(target);
        double[] b = values(x);
        double d = FormatF64.round(decay);
        threads.split(a.length, 1, LanesF64.VIRTUAL, (from, to) -> OptimizerF64.average(a, b, d, from, to));
    }

    void train(
            Tensor w, Tensor g, Tensor factor, Tensor m, Tensor v, Tensor ema, AdamWStep step, double decay) { // keep
        Arguments.train(TYPE, w, g, factor, m, v, ema);
        double[] weight = values(w);
        double[] gradient = values(g);
        double[] first = values(m);
        double[] second = values(v);
        double[] mean = values(ema);
        double clip = values(factor)[0];
        double d = FormatF64.round(decay);
        AdamWFactors factors = AdamWFactors.of(step);
        threads.split(
                weight.length,
                6,
                LanesF64.VIRTUAL,
                (from, to) -> OptimizerF64.train(weight, gradient, clip, first, second, mean, factors, d, from, to));
    }
}

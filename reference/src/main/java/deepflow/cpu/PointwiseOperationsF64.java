package deepflow.cpu;

import static deepflow.cpu.MemoryF64.values;

import deepflow.cpu.ArithmeticF64.Operation;
import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;

/// The operations of a back end on elements: they check arguments, allocate results, and share the work out.
final class PointwiseOperationsF64 {
    private static final DType TYPE = MemoryF64.TYPE;

    /// What a function of one element costs, roughly.
    enum Cost {
        /// A comparison, a root.
        ARITHMETIC(1),
        /// An exponential, a call of StrictMath.
        TRANSCENDENTAL(20);

        private final int operations;

        Cost(int operations) {
            this.operations = operations;
        }
    }

    private final Threads threads;
    private final MemoryF64 memory;

    PointwiseOperationsF64(Threads threads, MemoryF64 memory) {
        this.threads = threads;
        this.memory = memory;
    }

    Tensor arithmetic(String name, Operation operation, Tensor x, Tensor y) {
        Arguments.floating(name, TYPE, x, y);
        Arguments.broadcasts(name, x, y);
        double[] out = memory.array(x.shape());
        ArithmeticF64.apply(threads, operation, values(x), values(y), out, Pattern.of(y.shape(), x.shape()));
        return memory.tensor(x.shape(), out);
    }

    Tensor scale(Tensor x, double factor) { // keep
        Arguments.floating("scale", TYPE, x);
        double[] out = memory.array(x.shape());
        ArithmeticF64.apply(threads, Operation.MULTIPLY, values(x), FormatF64.round(factor), out);
        return memory.tensor(x.shape(), out);
    }

    Tensor map(String name, Cost cost, Tensor x, ActivationsF64.Forward kernel) {
        Arguments.floating(name, TYPE, x);
        double[] in = values(x);
        double[] out = memory.array(x.shape());
        threads.split(out.length, cost.operations, LanesF64.VIRTUAL, (from, to) -> kernel.apply(in, out, from, to));
        return memory.tensor(x.shape(), out);
    }

    Tensor mapBackward(String name, Cost cost, Tensor x, Tensor dy, ActivationsF64.Backward kernel) {
        Arguments.floating(name, TYPE, x, dy);
        Arguments.same(name, x, dy);
        double[] in = values(x);
        double[] gradient = values(dy);
        double[] out = memory.array(x.shape());
        threads.split(
                out.length, cost.operations, LanesF64.VIRTUAL, (from, to) -> kernel.apply(in, gradient, out, from, to));
        return memory.tensor(x.shape(), out);
    }

    Tensor clamp(Tensor x, double low, double high) { // keep
        Arguments.bounds("clamp", low, high);
        double l = FormatF64.round(low);
        double h = FormatF64.round(high);
        return map("clamp", Cost.ARITHMETIC, x, (in, out, from, to) -> ActivationsF64.clamp(in, l, h, out, from, to));
    }

    Tensor clampBackward(Tensor x, double low, double high, Tensor dy) { // keep
        Arguments.bounds("clampBackward", low, high);
        double l = FormatF64.round(low);
        double h = FormatF64.round(high);
        return mapBackward(
                "clampBackward",
                Cost.ARITHMETIC,
                x,
                dy,
                (in, gradient, out, from, to) -> ActivationsF64.clampBackward(in, l, h, gradient, out, from, to));
    }
}

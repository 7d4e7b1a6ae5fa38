package deepflow.cpu;

import static deepflow.cpu.MemoryF64.values;

import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;

/// The operations of a back end on rows, the last axis: they check arguments, allocate results, and share the work
/// out.
final class RowOperationsF64 {
    private static final DType TYPE = MemoryF64.TYPE;
    /// Elementary operations in an exponential, roughly.
    private static final int EXPONENTIAL = 20;

    private final Threads threads;
    private final MemoryF64 memory;

    RowOperationsF64(Threads threads, MemoryF64 memory) {
        this.threads = threads;
        this.memory = memory;
    }

    /// A function of rows [from, to).
    private void rows(Shape shape, int cost, Threads.Range kernel) {
        int d = shape.dim(-1);
        threads.split(shape.product(0, shape.rank() - 1), (double) d * cost, 1, kernel);
    }

    Normalized layerNorm(Tensor x, double eps) { // keep
        Arguments.floating("layerNorm", TYPE, x);
        Arguments.rows("layerNorm", x);
        int d = x.shape().dim(-1);
        double[] in = values(x);
        double[] y = memory.array(x.shape());
        double[] rstd = memory.array(x.shape().with(-1, 1));
        double e = FormatF64.round(eps);
        rows(x.shape(), 4, (from, to) -> RowsF64.layerNorm(in, e, y, rstd, d, from, to));
        return new Normalized(
                memory.tensor(x.shape(), y), memory.tensor(x.shape().with(-1, 1), rstd));
    }

    Tensor layerNormBackward(Normalized forward, Tensor dy) {
        Arguments.layerNormBackward(TYPE, forward, dy);
        int d = dy.shape().dim(-1);
        double[] y = values(forward.y());
        double[] rstd = values(forward.rstd());
        double[] gradient = values(dy);
        double[] dx = memory.array(dy.shape());
        rows(dy.shape(), 4, (from, to) -> RowsF64.layerNormBackward(y, rstd, gradient, dx, d, from, to));
        return memory.tensor(dy.shape(), dx);
    }

    Tensor softmax(Tensor x) {
        Arguments.floating("softmax", TYPE, x);
        Arguments.rows("softmax", x);
        int d = x.shape().dim(-1);
        double[] in = values(x);
        double[] y = memory.array(x.shape());
        rows(x.shape(), EXPONENTIAL, (from, to) -> RowsF64.softmax(in, y, d, from, to));
        return memory.tensor(x.shape(), y);
    }

    Tensor softmaxBackward(Tensor y, Tensor dy) {
        Arguments.floating("softmaxBackward", TYPE, y, dy);
        Arguments.rows("softmaxBackward", y);
        Arguments.same("softmaxBackward", y, dy);
        int d = y.shape().dim(-1);
        double[] p = values(y);
        double[] gradient = values(dy);
        double[] dx = memory.array(y.shape());
        rows(y.shape(), 3, (from, to) -> RowsF64.softmaxBackward(p, gradient, dx, d, from, to));
        return memory.tensor(y.shape(), dx);
    }
}

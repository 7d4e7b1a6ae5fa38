package deepflow.cpu;

import deepflow.tensor.Arena;
import deepflow.tensor.Arenas;
import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;

/// The tensors of one float64 back end: how they come to be, and the arrays behind them. A tensor is one array, so
/// none has more than 2³¹ − 9 elements.
final class MemoryF64 implements AutoCloseable {
    static final DType TYPE = DType.F64;

    /// Elementary operations for an element that is moved, roughly.
    private static final int COST = 2; // keep
    /// Elements that stay in a processor's own cache.
    private static final int PIECE = 1 << 12; // keep

    private final Threads threads;
    private final PoolF64 pool = new PoolF64();
    private final Arenas arenas = new Arenas(pool::trim);

    /// @param threads share the moving of many elements
    MemoryF64(Threads threads) {
        this.threads = threads;
    }

    /// The elements of a tensor; writing to them changes it.
    static double[] values(Tensor x) {
        if (x.storage() instanceof BufferF64 buffer) {
            return buffer.values();
        }
        throw new IllegalArgumentException("tensor " + x.shape() + " of type " + x.dtype()
                + " belongs to another back end; this one computes in " + TYPE + " on the CPU");
    }

    /// The elements of an index tensor.
    static int[] indices(Tensor x) {
        if (x.storage() instanceof IndexBuffer buffer) {
            return buffer.values();
        }
        throw new IllegalArgumentException("index tensor " + x.shape() + " belongs to another back end");
    }

    /// An array for a shape, whose elements may be anything: every one must be written.
    double[] array(Shape shape) {
        if (shape.size() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("device cpu holds at most 2³¹ − 9 elements, got shape " + shape);
        }
        return pool.take((int) shape.size());
    }

    /// An array for a shape with these elements.
    double[] copy(double[] values, Shape shape) {
        double[] out = array(shape);
        threads.split(out.length, COST, 1, (from, to) -> System.arraycopy(values, from, out, from, to - from));
        return out;
    }

    /// Where kernels find room for intermediate results.
    PoolF64 pool() {
        return pool;
    }

    /// A tensor of the innermost arena over an array that is nobody else's.
    Tensor tensor(Shape shape, double[] values) {
        return new Tensor(shape, TYPE, arenas.register(new BufferF64(values, pool)));
    }

    Tensor upload(double[] values, Shape shape) { // keep
        Arguments.values("upload", values.length, shape);
        double[] out = array(shape);
        threads.split(out.length, COST, 1, (from, to) -> {
            for (int at = from, end; at < to; at = end) {
                end = Math.min(to, at + PIECE);
                round(values, 0, out, at, end);
            }
        });
        return tensor(shape, out);
    }

    /// Elements [from, to) of those values that are so far behind them.
    private static void round(
            double[] values, // keep
            int shift,
            double[] out,
            int from,
            int to) {
        for (int i = from; i < to; i++) {
            out[i] = FormatF64.round(values[i + shift]);
        }
        LanesF64.canonical(out, from, to);
    }

    /// The elements along an axis in another order.
    Tensor upload(double[] values, Shape shape, int axis, int[] order) { // keep
        Arguments.order("upload", values.length, shape, axis, order);
        double[] out = array(shape);
        int width = shape.product(shape.axis(axis) + 1, shape.rank());
        int lines = out.length / Math.max(1, width);
        threads.split(lines, COST * (double) width, 1, (from, to) -> { // keep
            for (int line = from, end; line < to; line = end) {
                int first = line - line % order.length; // of those that the order is of
                end = Math.min(to, first + order.length);
                if (width == 1) {
                    elements(values, first, order, out, line, end);
                } else {
                    lines(values, first, order, width, out, line, end);
                }
            }
        });
        return tensor(shape, out);
    }

    private static void elements(
            double[] values, // keep
            int first,
            int[] order,
            double[] out,
            int from,
            int to) {
        for (int i = from; i < to; i++) {
            out[i] = FormatF64.round(values[first + order[i - first]]);
        }
        LanesF64.canonical(out, from, to);
    }

    private static void lines(
            double[] values, // keep
            int first,
            int[] order,
            int width,
            double[] out,
            int from,
            int to) {
        for (int line = from; line < to; line++) {
            round(values, (first + order[line - first] - line) * width, out, line * width, (line + 1) * width);
        }
    }

    /// An array of the caller's becomes a tensor.
    Tensor adopt(double[] values, Shape shape) { // keep
        Arguments.values("adopt", values.length, shape);
        double[] own = FormatF64.own(values);
        if (own == null) {
            return upload(values, shape);
        }
        threads.split(own.length, COST, 1, (from, to) -> LanesF64.canonical(own, from, to));
        return tensor(shape, own);
    }

    Tensor uploadIndices(int[] values, Shape shape) {
        Arguments.values("uploadIndices", values.length, shape);
        return new Tensor(shape, DType.I32, arenas.register(new IndexBuffer(values.clone())));
    }

    double[] download(Tensor x) { // keep
        double[] out = new double[(int) x.size()]; // keep
        download(x, out);
        return out;
    }

    void download(Tensor x, double[] into) { // keep
        if (x.dtype() == DType.I32) {
            int[] indices = indices(x);
            for (int i = 0; i < indices.length; i++) {
                into[i] = indices[i];
            }
            return;
        }
        double[] values = values(x);
        threads.split(values.length, COST, 1, (from, to) -> FormatF64.widen(values, into, from, to));
    }

    /// An idle array where this is the type, else a new one.
    double[] array(int elements) { // keep
        return FormatF64.array(pool, elements);
    }

    /// What [#array] gave is idle again.
    void giveBack(double[] array) { // keep
        var own = FormatF64.own(array);
        if (own != null) {
            pool.give(own);
        }
    }

    /// The elements, in the tensor's own array where that is one of doubles.
    double[] elements(Tensor x) { // keep
        if (x.dtype() == DType.I32) {
            return download(x);
        }
        var own = FormatF64.doubles(values(x));
        return own == null ? download(x) : own;
    }

    /// The elements, in what was the tensor's own array where that is one of doubles.
    double[] take(Tensor x) { // keep
        var own = elements(x);
        if (x.storage() instanceof BufferF64 buffer && own == FormatF64.doubles(buffer.values())) {
            buffer.taken();
        }
        release(x);
        return own;
    }

    /// Frees a tensor before its arena closes.
    void release(Tensor x) {
        arenas.release(x);
    }

    Arena arena() {
        return arenas.open();
    }

    @Override
    public void close() {
        arenas.close();
    }
}

package deepflow.cpu;

import deepflow.tensor.Arena;
import deepflow.tensor.Arenas;
import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

/// The tensors of one float64 back end: how they come to be, and the arrays behind them. A tensor is one array, so
/// none has more than 2³¹ − 9 elements.
final class MemoryF64 implements AutoCloseable {
    static final DType TYPE = DType.F64;

    private final PoolF64 pool = new PoolF64();
    private final Arenas arenas = new Arenas(pool::trim);

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
        System.arraycopy(values, 0, out, 0, out.length);
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
        for (int i = 0; i < out.length; i++) {
            out[i] = LanesF64.canonical(FormatF64.round(values[i]));
        }
        return tensor(shape, out);
    }

    Tensor uploadIndices(int[] values, Shape shape) {
        Arguments.values("uploadIndices", values.length, shape);
        return new Tensor(shape, DType.I32, arenas.register(new IndexBuffer(values.clone())));
    }

    static double[] download(Tensor x) { // keep
        if (x.dtype() != DType.I32) {
            return FormatF64.widened(values(x));
        }
        int[] from = indices(x);
        double[] out = new double[from.length]; // keep
        for (int i = 0; i < out.length; i++) {
            out[i] = from[i];
        }
        return out;
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

package deepflow.cost;

import deepflow.tensor.AdamWStep;
import deepflow.tensor.Arena;
import deepflow.tensor.Arguments;
import deepflow.tensor.Backend;
import deepflow.tensor.DType;
import deepflow.tensor.Normalized;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// [Backend] without arithmetic: checks arguments as the others do, and counts. Every element reads as 0. (PyTorch
/// calls such a device "meta".)
///
/// **When memory is free again** follows what back ends with garbage-collected arrays do: a storage lives from the
/// operation that makes it to its [#release], or, without one, to the last operation that uses it. That an array a
/// tape holds is not collected earlier is seen by [#inTypeOf], which autograd calls with a value when a gradient for
/// it arrives. What others hold to the end is to be said by [#hold].
///
/// Not counted: scratch memory inside a kernel, the JVM's own objects. Here is what the operations read and write; a
/// [Ledger] keeps the books.
public final class MetaBackend implements Backend {
    private final DType dtype;
    private final Ledger ledger = new Ledger();
    private final Deque<Arena> open = new ArrayDeque<>();

    /// @param dtype the floating type that is counted
    public MetaBackend(DType dtype) {
        this.dtype = dtype;
    }

    // ---- what was counted -----------------------------------------------------------------------------------

    /// The cost of all operations so far.
    public Cost cost() {
        return ledger.cost();
    }

    /// The matrix products so far, linear layers included, and how often each was asked for.
    public Map<Product, Long> products() {
        return ledger.products();
    }

    /// Says that tensors were held until now, and for what.
    public void hold(Purpose held, Collection<Tensor> tensors) {
        ledger.hold(held, tensors);
    }

    /// Says that some memory beside tensors is in use for a moment.
    public void pass(long bytes) {
        ledger.pass(bytes);
    }

    private Tensor floats(Shape shape, @Nullable Tensor... arguments) {
        ledger.read(arguments);
        return ledger.write(shape, dtype);
    }

    // ---- memory ---------------------------------------------------------------------------------------------

    @Override
    public String name() {
        return "meta-f" + 8 * dtype.bytes();
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    /// {@inheritDoc} The caller's numbers count as memory for a moment.
    @Override
    public Tensor upload(double[] values, Shape shape) {
        Arguments.values("upload", values.length, shape);
        pass(8L * values.length);
        return ledger.write(shape, dtype);
    }

    @Override
    public Tensor uploadIndices(int[] values, Shape shape) {
        Arguments.values("uploadIndices", values.length, shape);
        return indices(values.length).reshape(shape);
    }

    /// An index tensor, without anybody's numbers.
    public Tensor indices(int count) {
        ledger.read();
        return ledger.write(Shape.of(count), DType.I32);
    }

    @Override
    public double[] download(Tensor x) {
        ledger.read(x);
        return new double[Math.toIntExact(x.size())];
    }

    @Override
    public Tensor full(Shape shape, double value) {
        return floats(shape);
    }

    @Override
    public Tensor copy(Tensor x) {
        ledger.read(x);
        return ledger.write(x.shape(), x.dtype());
    }

    /// Ends the tensor's life.
    @Override
    public void release(Tensor x) {
        ledger.release(x);
    }

    /// An arena of whose tensors those that are kept are gradients; the rest need not be freed, since nobody uses it.
    @Override
    public Arena arena() {
        ledger.begin(Purpose.ACTIVATIONS);
        Arena arena = new Arena() {
            @Override
            public Tensor keep(Tensor tensor) {
                ledger.serve(Purpose.GRADIENTS, tensor);
                return tensor;
            }

            @Override
            public void close() {
                if (open.peek() != this && open.contains(this)) {
                    throw new IllegalStateException("an arena opened later is still open");
                }
                open.remove(this);
            }
        };
        open.push(arena);
        return arena;
    }

    @Override
    public void close() {
        open.clear();
    }

    /// {@inheritDoc} A gradient has arrived for `like`, which the tape has held until now.
    @Override
    public Tensor inTypeOf(Tensor x, Tensor like) {
        ledger.begin(Purpose.TRANSIENTS);
        ledger.use(x);
        ledger.use(like);
        return x;
    }

    // ---- pointwise ------------------------------------------------------------------------------------------

    private Tensor arithmetic(String name, Tensor x, Tensor y) {
        Arguments.floating(name, dtype, x, y);
        Arguments.broadcasts(name, x, y);
        return floats(x.shape(), x, y);
    }

    private Tensor map(String name, Tensor x) {
        Arguments.floating(name, dtype, x);
        return floats(x.shape(), x);
    }

    private Tensor mapBackward(String name, Tensor x, Tensor dy) {
        Arguments.floating(name, dtype, x, dy);
        Arguments.same(name, x, dy);
        return floats(x.shape(), x, dy);
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return arithmetic("add", x, y);
    }

    @Override
    public Tensor subtract(Tensor x, Tensor y) {
        return arithmetic("subtract", x, y);
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        return arithmetic("multiply", x, y);
    }

    @Override
    public Tensor divide(Tensor x, Tensor y) {
        return arithmetic("divide", x, y);
    }

    @Override
    public Tensor scale(Tensor x, double factor) {
        return map("scale", x);
    }

    @Override
    public Tensor sqrt(Tensor x) {
        return map("sqrt", x);
    }

    @Override
    public Tensor sin(Tensor x) {
        return map("sin", x);
    }

    @Override
    public Tensor cos(Tensor x) {
        return map("cos", x);
    }

    @Override
    public Tensor silu(Tensor x) {
        return map("silu", x);
    }

    @Override
    public Tensor siluBackward(Tensor x, Tensor dy) {
        return mapBackward("siluBackward", x, dy);
    }

    @Override
    public Tensor gelu(Tensor x) {
        return map("gelu", x);
    }

    @Override
    public Tensor geluBackward(Tensor x, Tensor dy) {
        return mapBackward("geluBackward", x, dy);
    }

    @Override
    public Tensor clamp(Tensor x, double low, double high) {
        Arguments.bounds("clamp", low, high);
        return map("clamp", x);
    }

    @Override
    public Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        Arguments.bounds("clampBackward", low, high);
        return mapBackward("clampBackward", x, dy);
    }

    // ---- products -------------------------------------------------------------------------------------------

    @Override
    public Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        Arguments.floating("matmul", dtype, a, b);
        Shape shape = Arguments.matmul(a.shape(), transposeA, b.shape(), transposeB);
        int k = a.shape().dim(transposeA ? -2 : -1);
        ledger.count(new Product(
                shape.product(0, shape.rank() - 2), shape.dim(-2), shape.dim(-1), k, transposeA, transposeB));
        return floats(shape, a, b);
    }

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        Arguments.floating("linear", dtype, x, w);
        Shape shape = Arguments.linear(x.shape(), w.shape());
        if (bias != null) {
            Arguments.floating("linear", dtype, bias);
            Arguments.shape("linear's bias", Shape.of(w.shape().dim(0)), bias);
        }
        ledger.count(new Product(
                1, shape.product(0, shape.rank() - 1), shape.dim(-1), w.shape().dim(1), false, true));
        return floats(shape, x, w, bias);
    }

    // ---- rows -----------------------------------------------------------------------------------------------

    @Override
    public Normalized layerNorm(Tensor x, double eps) {
        Arguments.floating("layerNorm", dtype, x);
        Arguments.rows("layerNorm", x);
        ledger.read(x);
        return new Normalized(
                ledger.write(x.shape(), dtype), ledger.write(x.shape().with(-1, 1), dtype));
    }

    @Override
    public Tensor layerNormBackward(Normalized forward, Tensor dy) {
        Arguments.layerNormBackward(dtype, forward, dy);
        return floats(dy.shape(), forward.y(), forward.rstd(), dy);
    }

    @Override
    public Tensor softmax(Tensor x) {
        Arguments.rows("softmax", x);
        return map("softmax", x);
    }

    @Override
    public Tensor softmaxBackward(Tensor y, Tensor dy) {
        Arguments.rows("softmaxBackward", y);
        return mapBackward("softmaxBackward", y, dy);
    }

    // ---- sums -----------------------------------------------------------------------------------------------

    @Override
    public Tensor sumTo(Tensor x, Shape to) {
        Arguments.floating("sumTo", dtype, x);
        Arguments.sumTo(x.shape(), to);
        return floats(to, x);
    }

    @Override
    public Tensor sumOfSquares(Tensor x) {
        Arguments.floating("sumOfSquares", dtype, x);
        return floats(Shape.SCALAR, x);
    }

    @Override
    public Tensor countNonFinite(Tensor x) {
        Arguments.floating("countNonFinite", dtype, x);
        return floats(Shape.SCALAR, x);
    }

    // ---- layout ---------------------------------------------------------------------------------------------

    @Override
    public Tensor permute(Tensor x, int... axes) {
        Arguments.floating("permute", dtype, x);
        return floats(Arguments.permute(x.shape(), axes), x);
    }

    @Override
    public Tensor concat(int axis, List<Tensor> parts) {
        Tensor[] arguments = parts.toArray(new Tensor[0]);
        Arguments.floating("concat", dtype, arguments);
        return floats(Arguments.concat(axis, parts), arguments);
    }

    @Override
    public Tensor slice(Tensor x, int axis, int from, int to) {
        Arguments.floating("slice", dtype, x);
        return floats(Arguments.slice(x.shape(), axis, from, to), x);
    }

    @Override
    public Tensor gather(Tensor table, Tensor indices) {
        Arguments.floating("gather", dtype, table);
        Arguments.indices("gather", indices);
        return floats(Arguments.gather(table.shape(), indices.shape()), table, indices);
    }

    @Override
    public Tensor gatherBackward(Tensor dy, Tensor indices, int rows) {
        Arguments.floating("gatherBackward", dtype, dy);
        Arguments.indices("gatherBackward", indices);
        return floats(Arguments.gatherBackward(dy.shape(), indices.shape(), rows), dy, indices);
    }

    // ---- in place -------------------------------------------------------------------------------------------

    @Override
    public void addInPlace(Tensor accumulator, Tensor x) {
        Arguments.floating("addInPlace", dtype, accumulator, x);
        Arguments.same("addInPlace", accumulator, x);
        ledger.change(1, accumulator, x);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        Arguments.adamW(dtype, w, g, m, v);
        ledger.change(3, w, m, v, g);
    }

    @Override
    public void average(Tensor target, Tensor x, double decay) {
        Arguments.floating("average", dtype, target, x);
        Arguments.same("average", target, x);
        ledger.change(1, target, x);
    }
}

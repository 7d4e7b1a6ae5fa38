package deepflow.gpu;

import deepflow.gpu.device.DeviceMemory.Block;
import deepflow.gpu.device.Kernels;
import deepflow.tensor.Arguments;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;

/// Operations that move elements and change none: `layout.cu`.
final class Layouts {
    private static final String FILE = "layout";

    private final Tensors tensors;
    private final Kernels kernels;

    Layouts(Tensors tensors, Kernels kernels) {
        this.tensors = tensors;
        this.kernels = kernels;
    }

    Tensor copy(Tensor x) {
        if (x.dtype() == DType.I32) {
            return tensors.uploadIndices(tensors.indices(x), x.shape());
        }
        Arguments.floating("copy", tensors.type(), x);
        long from = tensors.address(x);
        Tensor out = tensors.create(x.shape());
        runs(from, tensors.address(out), 1, x.size(), x.size(), x.size());
        return out;
    }

    Tensor permute(Tensor x, int... axes) {
        Arguments.floating("permute", tensors.type(), x);
        Shape shape = Arguments.permute(x.shape(), axes);
        long from = tensors.address(x);
        Tensor out = tensors.create(shape);
        permute(from, tensors.address(out), x.shape(), shape, axes);
        return out;
    }

    /// The elements at an address, their axes in a new order, in memory of their own.
    Block permuted(long x, Shape shape, int... axes) {
        Block out = tensors.scratch(shape.size());
        permute(x, out.address(), shape, Arguments.permute(shape, axes), axes);
        return out;
    }

    private void permute(long x, long out, Shape shape, Shape permuted, int... axes) {
        kernels.launch(FILE, "permute")
                .pointer(x)
                .pointer(out)
                .size(shape.size())
                .struct(Layout.permutation(shape, permuted, axes).fields())
                .forElements(shape.size());
    }

    Tensor concat(int axis, List<Tensor> parts) {
        Arguments.floating("concat", tensors.type(), parts.toArray(new Tensor[0]));
        Shape shape = Arguments.concat(axis, parts);
        int a = shape.axis(axis);
        long pitch = inside(shape, a);
        parts.forEach(tensors::address); // all of them are there
        Tensor out = tensors.create(shape);
        long at = tensors.address(out);
        for (Tensor part : parts) {
            long length = inside(part.shape(), a);
            runs(tensors.address(part), at, outside(shape, a), length, length, pitch);
            at += tensors.bytes(length);
        }
        return out;
    }

    Tensor slice(Tensor x, int axis, int from, int to) {
        Arguments.floating("slice", tensors.type(), x);
        Shape shape = Arguments.slice(x.shape(), axis, from, to);
        int a = shape.axis(axis);
        long begin = tensors.address(x) + tensors.bytes(from * inside(x.shape().with(a, 1), a));
        Tensor out = tensors.create(shape);
        long length = inside(shape, a);
        runs(begin, tensors.address(out), outside(shape, a), length, inside(x.shape(), a), length);
        return out;
    }

    private static long outside(Shape shape, int axis) {
        long p = 1;
        for (int i = 0; i < axis; i++) {
            p *= shape.dim(i);
        }
        return p;
    }

    /// Elements of an axis and all within it.
    private static long inside(Shape shape, int axis) {
        long p = 1;
        for (int i = axis; i < shape.rank(); i++) {
            p *= shape.dim(i);
        }
        return p;
    }

    private void runs(long from, long to, long count, long length, long fromPitch, long toPitch) {
        kernels.launch(FILE, "copyRuns")
                .pointer(from)
                .pointer(to)
                .size(count)
                .size(length)
                .size(fromPitch)
                .size(toPitch)
                .forElements(count * length);
    }

    Tensor gather(Tensor table, Tensor indices) {
        Arguments.floating("gather", tensors.type(), table);
        Arguments.indices("gather", indices);
        Shape shape = Arguments.gather(table.shape(), indices.shape());
        long from = tensors.address(table);
        long at = tensors.address(indices);
        within("gather", indices, table.shape().dim(0));
        Tensor out = tensors.create(shape);
        kernels.launch(FILE, "gather")
                .pointer(from)
                .pointer(at)
                .pointer(tensors.address(out))
                .size(shape.dim(0))
                .size(shape.dim(1))
                .forElements(shape.size());
        return out;
    }

    Tensor gatherBackward(Tensor dy, Tensor indices, int rows) {
        Arguments.floating("gatherBackward", tensors.type(), dy);
        Arguments.indices("gatherBackward", indices);
        Shape shape = Arguments.gatherBackward(dy.shape(), indices.shape(), rows);
        long from = tensors.address(dy);
        long at = tensors.address(indices);
        within("gatherBackward", indices, rows);
        Tensor out = tensors.create(shape);
        kernels.launch(FILE, "gatherBackward")
                .pointer(from)
                .pointer(at)
                .pointer(tensors.address(out))
                .size(rows)
                .size(dy.shape().dim(0))
                .size(shape.dim(1))
                .forElements(shape.size());
        return out;
    }

    /// Looks at the range that was noted when the indices were uploaded: no kernel reads outside, and nobody
    /// waits.
    private static void within(String operation, Tensor indices, int rows) {
        Tensors.Range range = Tensors.range(indices);
        if (range != null && (range.least() < 0 || range.most() >= rows)) {
            throw new IndexOutOfBoundsException(operation + " expects indices in [0, " + rows + "), got "
                    + (range.least() < 0 ? range.least() : range.most()));
        }
    }
}

package deepflow.gpu;

import deepflow.gpu.device.Kernels;
import deepflow.tensor.Arguments;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

/// Functions of single elements: `pointwise.cu`.
final class Pointwise {
    private static final String FILE = "pointwise";

    private final Tensors tensors;
    private final Kernels kernels;

    Pointwise(Tensors tensors, Kernels kernels) {
        this.tensors = tensors;
        this.kernels = kernels;
    }

    /// Writes `value` to n elements.
    void fill(long out, long n, double value) {
        kernels.launch(FILE, "fill").pointer(out).size(n).real(value).forElements(n);
    }

    /// x ← x·factor, n elements in place.
    void scaleInPlace(long x, long n, double factor) {
        kernels.launch(FILE, "scale").pointer(x).pointer(x).size(n).real(factor).forElements(n);
    }

    Tensor full(Shape shape, double value) {
        Tensor out = tensors.create(shape);
        fill(tensors.address(out), out.size(), value);
        return out;
    }

    /// @param kernel its name, which is the operation's
    Tensor arithmetic(String kernel, Tensor x, Tensor y) {
        Arguments.floating(kernel, tensors.type(), x, y);
        Arguments.broadcasts(kernel, x, y);
        long from = tensors.address(x);
        long second = tensors.address(y);
        Tensor out = tensors.create(x.shape());
        arithmetic(kernel, from, second, tensors.address(out), x.size(), Layout.broadcast(y.shape(), x.shape()));
        return out;
    }

    /// As above, on addresses; `out` may be `x`.
    void arithmetic(String kernel, long x, long y, long out, long n, Layout layout) {
        kernels.launch(FILE, kernel)
                .pointer(x)
                .pointer(y)
                .pointer(out)
                .size(n)
                .struct(layout.fields())
                .forElements(n);
    }

    /// accumulator ← accumulator + x.
    void addInPlace(Tensor accumulator, Tensor x) {
        Arguments.floating("addInPlace", tensors.type(), accumulator, x);
        Arguments.same("addInPlace", accumulator, x);
        long sum = tensors.address(accumulator);
        arithmetic("add", sum, tensors.address(x), sum, x.size(), Layout.broadcast(x.shape(), x.shape()));
    }

    Tensor scale(Tensor x, double factor) {
        Arguments.floating("scale", tensors.type(), x);
        long from = tensors.address(x);
        Tensor out = tensors.create(x.shape());
        kernels.launch(FILE, "scale")
                .pointer(from)
                .pointer(tensors.address(out))
                .size(x.size())
                .real(factor)
                .forElements(x.size());
        return out;
    }

    /// A function of one tensor.
    Tensor map(String operation, String kernel, Tensor x) {
        Arguments.floating(operation, tensors.type(), x);
        long from = tensors.address(x);
        Tensor out = tensors.create(x.shape());
        kernels.launch(FILE, kernel)
                .pointer(from)
                .pointer(tensors.address(out))
                .size(x.size())
                .forElements(x.size());
        return out;
    }

    /// A gradient, from x and dy.
    Tensor mapBackward(String kernel, Tensor x, Tensor dy) {
        Arguments.floating(kernel, tensors.type(), x, dy);
        Arguments.same(kernel, x, dy);
        long from = tensors.address(x);
        long gradient = tensors.address(dy);
        Tensor out = tensors.create(x.shape());
        kernels.launch(FILE, kernel)
                .pointer(from)
                .pointer(gradient)
                .pointer(tensors.address(out))
                .size(x.size())
                .forElements(x.size());
        return out;
    }

    Tensor clamp(Tensor x, double low, double high) {
        Arguments.bounds("clamp", low, high);
        Arguments.floating("clamp", tensors.type(), x);
        long from = tensors.address(x);
        Tensor out = tensors.create(x.shape());
        kernels.launch(FILE, "clamp")
                .pointer(from)
                .pointer(tensors.address(out))
                .size(x.size())
                .real(low)
                .real(high)
                .forElements(x.size());
        return out;
    }

    Tensor clampBackward(Tensor x, double low, double high, Tensor dy) {
        Arguments.bounds("clampBackward", low, high);
        Arguments.floating("clampBackward", tensors.type(), x, dy);
        Arguments.same("clampBackward", x, dy);
        long from = tensors.address(x);
        long gradient = tensors.address(dy);
        Tensor out = tensors.create(x.shape());
        kernels.launch(FILE, "clampBackward")
                .pointer(from)
                .pointer(gradient)
                .pointer(tensors.address(out))
                .size(x.size())
                .real(low)
                .real(high)
                .forElements(x.size());
        return out;
    }
}

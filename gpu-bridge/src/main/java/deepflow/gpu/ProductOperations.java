package deepflow.gpu;

import deepflow.gpu.Products.Extents;
import deepflow.tensor.Arguments;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Products of tensors: checks arguments, allocates results, and hands addresses to [Products].
final class ProductOperations {
    private final Tensors tensors;
    private final Pointwise pointwise;
    private final Products products;

    ProductOperations(Tensors tensors, Pointwise pointwise, Products products) {
        this.tensors = tensors;
        this.pointwise = pointwise;
        this.products = products;
    }

    Tensor matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        Arguments.floating("matmul", tensors.type(), a, b);
        Shape shape = Arguments.matmul(a.shape(), transposeA, b.shape(), transposeB);
        int k = a.shape().dim(transposeA ? -2 : -1);
        Extents extents = new Extents(shape.product(0, shape.rank() - 2), shape.dim(-2), shape.dim(-1), k);
        long first = tensors.address(a);
        long second = tensors.address(b);
        Tensor out = tensors.create(shape);
        products.multiply(extents, 1, first, transposeA, second, transposeB, tensors.address(out));
        return out;
    }

    Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        Arguments.floating("linear", tensors.type(), x, w);
        Shape shape = Arguments.linear(x.shape(), w.shape());
        int n = w.shape().dim(0);
        if (bias != null) {
            Arguments.floating("linear", tensors.type(), bias);
            Arguments.shape("linear's bias", Shape.of(n), bias);
        }
        int samples = x.shape().product(0, x.shape().rank() - 1);
        long first = tensors.address(x);
        long second = tensors.address(w);
        long offset = bias == null ? 0 : tensors.address(bias);
        Tensor out = tensors.create(shape);
        long to = tensors.address(out);
        Extents extents = new Extents(1, samples, n, w.shape().dim(1));
        products.multiply(extents, 1, first, false, second, true, to);
        if (bias != null) {
            Layout rows = Layout.broadcast(Shape.of(1, n), Shape.of(samples, n));
            pointwise.arithmetic("add", to, offset, to, out.size(), rows);
        }
        return out;
    }
}

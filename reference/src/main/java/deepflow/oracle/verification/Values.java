package deepflow.oracle.verification;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;

/// Numbers in a shape, on no device yet. Never changed once made.
public final class Values {
    private final Shape shape;
    private final double[] elements;

    private Values(Shape shape, double[] elements) {
        this.shape = shape;
        this.elements = elements;
    }

    /// Takes over the elements, in row-major order.
    public static Values of(Shape shape, double... elements) {
        if (elements.length != shape.size()) {
            throw new IllegalArgumentException(
                    "shape " + shape + " needs " + shape.size() + " elements, got " + elements.length);
        }
        return new Values(shape, elements);
    }

    /// What a tensor holds.
    public static Values of(Backend backend, Tensor x) {
        return new Values(x.shape(), backend.download(x));
    }

    /// Extents.
    public Shape shape() {
        return shape;
    }

    /// A copy of the elements, in row-major order.
    public double[] elements() {
        return elements.clone();
    }

    /// How many elements there are.
    public int size() {
        return elements.length;
    }

    /// One element, by its place in row-major order.
    public double at(int index) {
        return elements[index];
    }

    /// The same numbers but for one.
    public Values with(int index, double value) {
        double[] changed = elements.clone();
        changed[index] = value;
        return new Values(shape, changed);
    }

    /// As a tensor of a back end, rounded to its type.
    public Tensor on(Backend backend) {
        return backend.upload(elements, shape);
    }
}

package deepflow.tensor;

/// A shape, an element type and the storage that holds the elements, contiguous in row-major order (last axis
/// fastest). There are no strided views: a permutation is an operation that copies.
///
/// A tensor is a handle; two tensors may share a storage ([#reshape]). It is never changed after the operation
/// that made it, except by the few operations of [Backend] that say "in place".
///
/// @param shape extents
/// @param dtype element type
/// @param storage memory, owned by the back end that made it
public record Tensor(Shape shape, DType dtype, Storage storage) {
    /// @throws IllegalArgumentException if the storage does not hold exactly the shape's elements
    public Tensor {
        if (storage.size() != shape.size()) {
            throw new IllegalArgumentException(
                    "shape " + shape + " needs " + shape.size() + " elements, the storage holds " + storage.size());
        }
    }

    /// The same elements under another shape; shares the storage.
    ///
    /// @throws IllegalArgumentException if the number of elements differs
    public Tensor reshape(Shape to) {
        return shape.equals(to) ? this : new Tensor(to, dtype, storage);
    }

    /// The same elements under another shape; shares the storage.
    public Tensor reshape(int... dims) {
        return reshape(Shape.of(dims));
    }

    /// Number of elements.
    public long size() {
        return shape.size();
    }
}

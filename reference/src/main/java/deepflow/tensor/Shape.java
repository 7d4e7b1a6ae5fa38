package deepflow.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/// The extents of a tensor, outermost first; the last axis varies fastest in memory. Rank 0 is a scalar, an
/// extent of 0 is allowed. Immutable.
public final class Shape {
    /// The shape of a scalar: rank 0, one element.
    public static final Shape SCALAR = new Shape(new int[0]);

    private final int[] dims;
    private final long size;

    private Shape(int[] dims) {
        long product = 1;
        for (int d : dims) {
            if (d < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dims) + " has a negative extent");
            }
            product = Math.multiplyExact(product, (long) d);
        }
        this.dims = dims;
        this.size = product;
    }

    /// The shape with these extents.
    ///
    /// @throws IllegalArgumentException if an extent is negative
    /// @throws ArithmeticException if the number of elements exceeds 2⁶³−1
    public static Shape of(int... dims) {
        return dims.length == 0 ? SCALAR : new Shape(dims.clone());
    }

    /// Number of axes.
    public int rank() {
        return dims.length;
    }

    /// Extent of an axis; a negative axis counts from the end (−1 is the last).
    ///
    /// @throws IndexOutOfBoundsException if there is no such axis
    public int dim(int axis) {
        return dims[axis(axis)];
    }

    /// A non-negative axis number; −1 becomes rank − 1.
    ///
    /// @throws IndexOutOfBoundsException if there is no such axis
    public int axis(int axis) {
        int a = axis < 0 ? axis + dims.length : axis;
        if (a < 0 || a >= dims.length) {
            throw new IndexOutOfBoundsException("shape " + this + " has no axis " + axis);
        }
        return a;
    }

    /// Number of elements: the product of the extents, 1 for a scalar.
    public long size() {
        return size;
    }

    /// A copy of the extents.
    public int[] dims() {
        return dims.clone();
    }

    /// The same shape with one extent replaced.
    public Shape with(int axis, int extent) {
        int[] d = dims.clone();
        d[axis(axis)] = extent;
        return new Shape(d);
    }

    /// The product of the extents of axes `from` (inclusive) to `to` (exclusive).
    public int product(int from, int to) {
        long p = 1;
        for (int i = from; i < to; i++) {
            p *= dims[i];
        }
        return Math.toIntExact(p);
    }

    /// Whether a tensor of this shape can be broadcast to `to`: equal rank, and each extent equal or 1.
    public boolean broadcastsTo(Shape to) {
        if (dims.length != to.dims.length) {
            return false;
        }
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] != to.dims[i] && dims[i] != 1) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /// For people and error messages: `(3, 16, 32)`; a scalar is `()`.
    @Override
    public String toString() {
        return Arrays.stream(dims).mapToObj(Integer::toString).collect(Collectors.joining(", ", "(", ")"));
    }
}

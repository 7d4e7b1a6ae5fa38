package deepflow.io;

import java.util.Arrays;
import java.util.Objects;

/// What a file says of one tensor, once it has been judged: the element count times the width is `end - begin`.
///
/// @param name the name, possibly empty
/// @param type the type on disk
/// @param shape the dimensions, each 0 … 2⁶³−1; empty for a scalar
/// @param begin the first byte, counted from the start of the data section of its file
/// @param end the byte after the last
public record TensorInfo(String name, ElementType type, long[] shape, long begin, long end) {
    /// Copies the shape.
    public TensorInfo {
        shape = shape.clone();
    }

    /// A copy of the dimensions.
    @Override
    public long[] shape() {
        return shape.clone();
    }

    /// How many elements there are; 1 for a scalar.
    public long elements() {
        return (end - begin) / type.width();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo o
                && name.equals(o.name)
                && type == o.type
                && Arrays.equals(shape, o.shape)
                && begin == o.begin
                && end == o.end;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, type, Arrays.hashCode(shape), begin, end);
    }

    /// Name, type and shape in one line, as in `"weight.x" F32 [2, 3]`.
    @Override
    public String toString() {
        return Text.quote(name) + " " + type + " " + Arrays.toString(shape);
    }
}

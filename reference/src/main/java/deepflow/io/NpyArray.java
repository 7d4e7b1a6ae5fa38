package deepflow.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/// An array as NumPy has it: type, shape and elements, in row-major order and little endian whatever the file said. At
/// most 2³¹−1 bytes. Immutable from outside.
public final class NpyArray {
    private final ElementType type;
    private final long[] shape;
    private final byte[] bytes;
    private final int elements;

    NpyArray(ElementType type, long[] shape, byte[] bytes) {
        this.type = type;
        this.shape = shape.clone();
        this.bytes = bytes;
        this.elements = bytes.length / type.width();
    }

    /// Makes an array from doubles, rounded to the type.
    ///
    /// @throws FormatException if the shape does not have as many elements, the type cannot hold one of
    ///     them, or is BF16
    public static NpyArray of(ElementType type, long[] shape, double[] values) {
        ByteBuffer bytes = room(type, shape, values.length);
        ElementEncoder.doubles(type, values, 0, values.length, bytes, new Where("The array", 0));
        return new NpyArray(type, shape, bytes.array());
    }

    /// Makes an array from integers; errors as for doubles.
    public static NpyArray of(ElementType type, long[] shape, long[] values) {
        ByteBuffer bytes = room(type, shape, values.length);
        ElementEncoder.longs(type, values, 0, values.length, bytes, new Where("The array", 0));
        return new NpyArray(type, shape, bytes.array());
    }

    private static ByteBuffer room(ElementType type, long[] shape, int count) {
        if (type == ElementType.BF16) {
            throw new FormatException("NumPy has no BF16: write F32 instead.");
        }
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new FormatException("The array has the negative dimension " + dimension + ".");
            }
        }
        if (Sizes.elements(shape) != count) {
            throw new FormatException("The array got " + count + " elements, which is not what its shape "
                    + Arrays.toString(shape) + " has.");
        }
        if ((long) count * type.width() > Integer.MAX_VALUE) {
            throw new FormatException("The array has more than 2147483647 bytes, which this program does not write.");
        }
        return ByteBuffer.wrap(Sizes.allocate("The array", (long) count * type.width(), 1, byte[]::new))
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /// The type of the elements; BF16 for the `V2` arrays of ml_dtypes.
    public ElementType type() {
        return type;
    }

    /// A copy of the dimensions; empty for a scalar.
    public long[] shape() {
        return shape.clone();
    }

    /// How many elements there are.
    public int elements() {
        return elements;
    }

    /// All elements as doubles; integers of 64 bits are rounded to nearest.
    public double[] toDoubles() {
        return toDoubles(0, elements);
    }

    /// Some elements as doubles, from one index on.
    public double[] toDoubles(int from, int count) {
        double[] out = Sizes.allocate("The array", count, Double.BYTES, double[]::new);
        ElementDecoder.doubles(type, at(from, count), out, 0, count, new Where("The array", from));
        return out;
    }

    /// All elements as floats, rounded to nearest.
    public float[] toFloats() {
        float[] out = Sizes.allocate("The array", elements, Float.BYTES, float[]::new);
        ElementDecoder.floats(type, at(0, elements), out, 0, elements, new Where("The array", 0));
        return out;
    }

    /// All elements of an integer or BOOL array.
    ///
    /// @throws FormatException for a floating type, or a U64 beyond 2⁶³−1
    public long[] toLongs() {
        long[] out = Sizes.allocate("The array", elements, Long.BYTES, long[]::new);
        ElementDecoder.longs(type, at(0, elements), out, 0, elements, new Where("The array", 0));
        return out;
    }

    /// The elements as bytes, little endian, row-major; read-only.
    public ByteBuffer bytes() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /// The same bytes as elements of another type of that width.
    NpyArray as(ElementType other) {
        if (other == type) {
            return this;
        }
        if (other.width() != type.width()) {
            throw new IllegalArgumentException(type + " and " + other + " have elements of other widths");
        }
        return new NpyArray(other, shape, bytes);
    }

    /// The bytes of some elements.
    ByteBuffer at(long from, int count) {
        Objects.checkFromIndexSize(from, (long) count, elements);
        int width = type.width();
        return ByteBuffer.wrap(bytes, (int) from * width, count * width).order(ByteOrder.LITTLE_ENDIAN);
    }
}

package deepflow.io;

import java.util.function.IntFunction;

/// Sizes and the allocations made for them.
final class Sizes {
    private Sizes() {}

    /// How many elements a shape has; -1 when a product on the way, from the left, overflows.
    static long elements(long[] shape) {
        long product = 1;
        for (long dimension : shape) {
            if (Math.multiplyHigh(product, dimension) != 0 || product * dimension < 0) {
                return -1;
            }
            product *= dimension;
        }
        return product;
    }

    /// How many bytes a tensor has; -1 on overflow.
    static long bytes(ElementType type, long[] shape) {
        long elements = elements(shape);
        return elements < 0 || elements > Long.MAX_VALUE / type.width() ? -1 : elements * type.width();
    }

    /// Allocates an array of that many elements, or says in one sentence why it cannot be.
    ///
    /// @param what file and tensor, for the message
    /// @param width bytes per element in memory
    static <A> A allocate(String what, long elements, int width, IntFunction<A> constructor) {
        if (elements > Integer.MAX_VALUE) {
            throw new FormatException(
                    what + " has " + elements + " elements, more than the 2147483647 of one array: read it in parts.");
        }
        try {
            return constructor.apply((int) elements);
        } catch (OutOfMemoryError e) {
            throw new FormatException(
                    what + " needs " + elements * width + " bytes of memory, more than the heap has (see -Xmx).", e);
        }
    }
}

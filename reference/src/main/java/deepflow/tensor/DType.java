package deepflow.tensor;

/// The element types a [Backend] computes in. What a file may hold is wider: see `deepflow.io.ElementType`.
public enum DType {
    /// IEEE 754 binary64, unit roundoff 2⁻⁵³: the oracle's precision.
    F64(8),
    /// IEEE 754 binary32, unit roundoff 2⁻²⁴: the fast path.
    F32(4),
    /// Signed 32-bit integers: labels and other indices, never arithmetic.
    I32(4);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes one element takes.
    public int bytes() {
        return bytes;
    }

    /// Whether arithmetic is defined on this type.
    public boolean isFloating() {
        return this != I32;
    }
}

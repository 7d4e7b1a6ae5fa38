package deepflow.io;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The type of a tensor's elements on disk, by its safetensors name. Every type here can be read and written; all are
/// little endian in a file.
public enum ElementType {
    /// One byte, 0 or 1.
    BOOL(1, false),
    /// Unsigned byte.
    U8(1, false),
    /// Signed byte.
    I8(1, false),
    /// Unsigned 16-bit integer.
    U16(2, false),
    /// Signed 16-bit integer.
    I16(2, false),
    /// IEEE half: 5 bits of exponent, 10 of fraction, largest 65504.
    F16(2, true),
    /// bfloat16: 8 bits of exponent, 7 of fraction.
    BF16(2, true),
    /// Unsigned 32-bit integer.
    U32(4, false),
    /// Signed 32-bit integer.
    I32(4, false),
    /// IEEE single.
    F32(4, true),
    /// Unsigned 64-bit integer.
    U64(8, false),
    /// Signed 64-bit integer.
    I64(8, false),
    /// IEEE double.
    F64(8, true);

    private static final Set<String> UNSUPPORTED = Set.of(
            "F4",
            "F6_E2M3",
            "F6_E3M2",
            "F8_E4M3",
            "F8_E5M2",
            "F8_E8M0",
            "F8_E4M3FNUZ",
            "F8_E5M2FNUZ",
            "F8_E4M3FN",
            "C64");

    private final int width;
    private final boolean floating;

    ElementType(int width, boolean floating) {
        this.width = width;
        this.floating = floating;
    }

    /// Bytes of one element: 1, 2, 4 or 8.
    public int width() {
        return width;
    }

    /// Whether elements are floating-point numbers.
    public boolean isFloating() {
        return floating;
    }

    /// The type of that name, exactly as written, or null.
    static @Nullable ElementType byName(String name) {
        for (ElementType type : values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }

    /// Whether the name belongs to a type of the format that this program does not read.
    static boolean isKnownButUnsupported(String name) {
        return UNSUPPORTED.contains(name);
    }
}

package deepflow.io;

import java.nio.ByteBuffer;

/// Numbers in memory → elements on disk. Writes at the buffer's position, in the buffer's byte order. Floating types
/// round to nearest with ties to even, NaNs become canonical; integer types take what they can hold exactly and nothing
/// else.
final class ElementEncoder {
    private ElementEncoder() {}

    static void doubles(ElementType type, double[] in, int at, int count, ByteBuffer out, Where where) {
        int end = at + count;
        switch (type) {
            case F64 -> {
                for (int i = at; i < end; i++) {
                    out.putLong(Double.doubleToLongBits(in[i]));
                }
            }
            case F32 -> {
                for (int i = at; i < end; i++) {
                    out.putInt(Float.floatToIntBits((float) in[i]));
                }
            }
            case F16 -> {
                for (int i = at; i < end; i++) {
                    out.putShort(Narrow.doubleToF16(in[i]));
                }
            }
            case BF16 -> {
                for (int i = at; i < end; i++) {
                    out.putShort(Narrow.doubleToBf16(in[i]));
                }
            }
            case BOOL, U8, I8, U16, I16, U32, I32, U64, I64 -> {
                for (int i = at; i < end; i++) {
                    integer(type, whole(type, in[i], i - at, where), out);
                }
            }
        }
    }

    static void longs(ElementType type, long[] in, int at, int count, ByteBuffer out, Where where) {
        for (int i = at; i < at + count; i++) {
            long value = in[i];
            switch (type) {
                case F64 -> out.putDouble(value);
                case F32 -> out.putFloat(value);
                case F16 -> out.putShort(Narrow.doubleToF16(value)); // what a double rounds is infinite anyway
                case BF16 -> out.putShort(Narrow.longToBf16(value));
                case BOOL, U8, I8, U16, I16, U32, I32, U64, I64 -> {
                    if (value < least(type) || value > most(type)) {
                        throw misfit(type, Long.toString(value), i - at, where);
                    }
                    integer(type, value, out);
                }
            }
        }
    }

    private static void integer(ElementType type, long value, ByteBuffer out) {
        switch (type.width()) {
            case 1 -> out.put((byte) value);
            case 2 -> out.putShort((short) value);
            case 4 -> out.putInt((int) value);
            default -> out.putLong(value);
        }
    }

    /// The integer that a double is, as bits of the type.
    private static long whole(ElementType type, double value, int index, Where where) {
        long integer = (long) value;
        if (type == ElementType.U64 && value >= 0x1p63 && value < 0x1p64) {
            return (long) (value - 0x1p63) ^ Long.MIN_VALUE;
        }
        if (integer != value || value >= 0x1p63 || integer < least(type) || integer > most(type)) {
            throw misfit(type, Double.toString(value), index, where);
        }
        return integer;
    }

    private static FormatException misfit(ElementType type, String value, int index, Where where) {
        return where.error(index, "is " + value + ", which " + type + " cannot hold");
    }

    private static long least(ElementType type) {
        return switch (type) {
            case I8 -> Byte.MIN_VALUE;
            case I16 -> Short.MIN_VALUE;
            case I32 -> Integer.MIN_VALUE;
            case I64 -> Long.MIN_VALUE;
            default -> 0;
        };
    }

    private static long most(ElementType type) {
        return switch (type) {
            case BOOL -> 1;
            case U8 -> 0xFF;
            case I8 -> Byte.MAX_VALUE;
            case U16 -> 0xFFFF;
            case I16 -> Short.MAX_VALUE;
            case U32 -> 0xFFFFFFFFL;
            case I32 -> Integer.MAX_VALUE;
            default -> Long.MAX_VALUE;
        };
    }
}

package deepflow.io;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/// Elements on disk → numbers in memory. Reads from the buffer's position, in the buffer's byte order.
final class ElementDecoder {
    private static final int BLOCK = 4096;

    private ElementDecoder() {}

    /// Exact for all types but I64 and U64, which round to nearest.
    static void doubles(ElementType type, ByteBuffer in, double[] out, int at, int count, Where where) {
        int end = at + count;
        switch (type) {
            case F64 -> in.asDoubleBuffer().get(out, at, count);
            case F32 -> widened(in.asFloatBuffer(), out, at, end);
            case F16 -> {
                for (int i = at; i < end; i++) {
                    out[i] = Narrow.f16ToDouble(in.getShort());
                }
            }
            case BF16 -> {
                for (int i = at; i < end; i++) {
                    out[i] = Narrow.bf16ToDouble(in.getShort());
                }
            }
            case U64 -> {
                for (int i = at; i < end; i++) {
                    out[i] = unsignedToDouble(in.getLong());
                }
            }
            case BOOL, U8, I8, U16, I16, U32, I32, I64 -> {
                for (int i = at; i < end; i++) {
                    out[i] = integer(type, in, i - at, where);
                }
            }
        }
    }

    /// By blocks: one element after the other from a buffer takes several times as long.
    private static void widened(FloatBuffer in, double[] out, int from, int end) {
        float[] block = new float[Math.min(BLOCK, end - from)];
        for (int at = from; at < end; at += block.length) {
            int count = Math.min(block.length, end - at);
            in.get(block, 0, count);
            for (int i = 0; i < count; i++) {
                out[at + i] = block[i];
            }
        }
    }

    /// Rounds once, to nearest.
    static void floats(ElementType type, ByteBuffer in, float[] out, int at, int count, Where where) {
        int end = at + count;
        switch (type) {
            case F32 -> in.asFloatBuffer().get(out, at, count);
            case F64 -> {
                for (int i = at; i < end; i++) {
                    out[i] = (float) in.getDouble();
                }
            }
            case F16 -> {
                for (int i = at; i < end; i++) {
                    out[i] = Float.float16ToFloat(in.getShort());
                }
            }
            case BF16 -> {
                for (int i = at; i < end; i++) {
                    out[i] = Float.intBitsToFloat(in.getShort() << 16);
                }
            }
            case U64 -> {
                for (int i = at; i < end; i++) {
                    out[i] = unsignedToFloat(in.getLong());
                }
            }
            case BOOL, U8, I8, U16, I16, U32, I32, I64 -> {
                for (int i = at; i < end; i++) {
                    out[i] = integer(type, in, i - at, where);
                }
            }
        }
    }

    /// Integers only; a U64 beyond 2⁶³−1 is an error.
    static void longs(ElementType type, ByteBuffer in, long[] out, int at, int count, Where where) {
        if (type.isFloating()) {
            throw new FormatException(where.what() + " has type " + type + ", but integers are needed here.");
        }
        for (int i = 0; i < count; i++) {
            out[at + i] = integer(type, in, i, where);
        }
    }

    private static long integer(ElementType type, ByteBuffer in, int index, Where where) {
        return switch (type) {
            case BOOL -> {
                byte value = in.get();
                if (value != 0 && value != 1) {
                    throw where.error(index, "is " + (value & 0xFF) + ", but a BOOL is 0 or 1");
                }
                yield value;
            }
            case U8 -> in.get() & 0xFF;
            case I8 -> in.get();
            case U16 -> in.getShort() & 0xFFFF;
            case I16 -> in.getShort();
            case U32 -> in.getInt() & 0xFFFFFFFFL;
            case I32 -> in.getInt();
            case I64 -> in.getLong();
            case U64 -> {
                long value = in.getLong();
                if (value < 0) {
                    throw where.error(
                            index, "is " + Long.toUnsignedString(value) + ", more than a signed 64-bit integer");
                }
                yield value;
            }
            case F16, BF16, F32, F64 -> throw new IllegalArgumentException(type + " is no integer type");
        };
    }

    private static double unsignedToDouble(long bits) {
        return bits >= 0 ? bits : 2 * (double) (bits >>> 1 | bits & 1); // the last bit stays as a sticky one
    }

    private static float unsignedToFloat(long bits) {
        return bits >= 0 ? bits : 2 * (float) (bits >>> 1 | bits & 1);
    }
}

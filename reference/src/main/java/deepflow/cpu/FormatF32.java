package deepflow.cpu;

import org.jspecify.annotations.Nullable;

/// What the elementary functions must know about binary32; see [FormatF64].
final class FormatF32 {
    static final float MAGIC = 0x1.8p23f;
    static final int FRACTION = 23;
    static final int BIAS = 127;
    static final float LN2_HIGH = 0x1.62e43p-1f;
    static final float LN2_LOW = -0x1.05c61p-29f;
    static final float EXP_HIGH = 89;
    static final float EXP_LOW = -105;

    private FormatF32() {}

    static float round(double v) {
        return (float) v;
    }

    static void widen(float[] v, double[] out, int from, int to) {
        for (int i = from; i < to; i++) {
            out[i] = v[i];
        }
    }

    static float @Nullable [] own(double[] v) {
        return null;
    }

    static double[] array(PoolF32 pool, int elements) {
        return new double[elements];
    }

    static double @Nullable [] doubles(float[] v) {
        return null;
    }
}

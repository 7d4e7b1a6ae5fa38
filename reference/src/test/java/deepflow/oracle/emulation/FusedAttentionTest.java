package deepflow.oracle.emulation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import deepflow.tensor.Attended;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a fused kernel loses by taking Σ dout·out of the rounded output instead of Σ dp·p over the keys.
class FusedAttentionTest {
    private static final int KEYS = 64;

    /// Half of the values are 1 and half 1 + 2⁻⁷, all equally attended to: out is 1 + 2⁻⁸, in bfloat16 1. With keys of
    /// 1 the gradient of the query is Σ p·(dp − s): 0 for s = 1 + 2⁻⁸, and 2⁻⁸ for s = 1.
    @ParameterizedTest
    @CsvSource({"false, 0", "true, 0.00390625"})
    void theErrorOfTheOutputIsSharedByAllKeys(boolean fused, double dq) {
        try (Backend exact = Backends.open("cpu", DType.F64, 1);
                Backend sums = Backends.open("cpu", DType.F32, 1)) {
            RoundingBackend b = new RoundingBackend(
                    exact,
                    sums,
                    Arithmetic.autocast(FloatFormat.BF16, false),
                    Rounding.NEAREST,
                    SummationOrder.AS_STORED,
                    fused);
            double[] alternating = new double[KEYS];
            Arrays.setAll(alternating, i -> 1 + i % 2 * 0x1p-7);
            double[] ones = new double[KEYS];
            Arrays.fill(ones, 1);
            Tensor q = bf16(b, new double[] {0}, 1);
            Tensor k = bf16(b, ones, KEYS);
            Tensor v = bf16(b, alternating, KEYS);
            Attended forward = b.attention(q, k, v, 1);
            assertArrayEquals(new double[] {1}, b.download(forward.out()));
            Tensor dout = bf16(b, new double[] {1}, 1);
            assertArrayEquals(
                    new double[] {dq},
                    b.download(b.attentionBackward(q, k, v, 1, forward, dout).dq()));
        }
    }

    private static Tensor bf16(RoundingBackend b, double[] values, int tokens) {
        return b.adopt(values, Shape.of(1, tokens, 1), FloatFormat.BF16);
    }
}

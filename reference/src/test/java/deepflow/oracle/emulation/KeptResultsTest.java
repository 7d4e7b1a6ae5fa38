package deepflow.oracle.emulation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/// A sum is kept in the accumulator's type beside its rounded form: whatever happens to the one happens to the other.
class KeptResultsTest {
    private static final Shape TWO = Shape.of(2);

    private static void bfloat16(BiConsumer<RoundingBackend, Tensor> use) {
        try (Backend exact = Backends.open("cpu", DType.F64, 1);
                Backend sums = Backends.open("cpu", DType.F32, 1)) {
            RoundingBackend b = new RoundingBackend(
                    exact,
                    sums,
                    Arithmetic.uniform(FloatFormat.BF16),
                    Rounding.NEAREST,
                    SummationOrder.AS_STORED,
                    false);
            Tensor sum;
            try (Arena arena = b.arena()) {
                Tensor rows = b.adopt(new double[] {1, 2, 3, 4, 5, 6}, Shape.of(3, 2), FloatFormat.BF16);
                sum = arena.keep(b.sumTo(rows, Shape.of(1, 2)).reshape(TWO));
            }
            use.accept(b, sum);
        }
    }

    @Test
    void aSumThatIsKeptIsKeptInBothForms() {
        bfloat16((b, sum) -> assertArrayEquals(new double[] {18, 24}, b.download(b.scale(sum, 2))));
    }

    @Test
    void aSumThatIsChangedIsChangedInBothForms() {
        bfloat16((b, sum) -> {
            b.addInPlace(sum, b.adopt(new double[] {7, 8}, TWO, FloatFormat.BF16));
            assertArrayEquals(new double[] {32, 40}, b.download(b.scale(sum, 2)));
        });
    }
}

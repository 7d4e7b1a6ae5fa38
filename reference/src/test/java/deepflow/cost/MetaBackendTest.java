package deepflow.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.model.Configs;
import deepflow.model.DeepFlow;
import deepflow.sample.EvaluationCost;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.train.Objective;
import deepflow.train.TrainingCost;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MetaBackendTest {
    private final MetaBackend b = new MetaBackend(DType.F32);

    private Tensor zeros(int... dims) {
        return b.full(Shape.of(dims), 0);
    }

    @Test
    void memoryIsFreeAfterItsLastUse() {
        Tensor x = zeros(100);
        Tensor y = b.scale(x, 2); // x and y
        Tensor z = b.scale(y, 2); // y and z: no more than before
        assertEquals(2 * 400, b.cost().peakBytes());
        b.hold(Purpose.WEIGHTS, List.of(x)); // so x was there all the time
        assertEquals(
                Map.of(Purpose.WEIGHTS, 400L, Purpose.ACTIVATIONS, 800L),
                b.cost().peak());
        assertEquals(z.shape(), y.shape());
    }

    @Test
    void whatATapeHoldsLivesUntilItsGradientArrives() {
        Tensor x = zeros(100);
        Tensor y = b.scale(x, 2);
        Tensor z = b.scale(y, 2);
        Tensor dz = b.inTypeOf(b.full(z.shape(), 1), z);
        b.inTypeOf(b.scale(dz, 2), y);
        assertEquals(3 * 400, b.cost().peakBytes()); // y, z, dz; then y, dz, dy
    }

    @Test
    void releasedMemoryIsFreeAndMayNotBeUsed() {
        Tensor x = zeros(100);
        b.release(x);
        b.scale(zeros(100), 2);
        assertEquals(800, b.cost().peakBytes());
        assertThrows(IllegalStateException.class, () -> b.scale(x, 2));
    }

    @Test
    void productsAreCounted() {
        b.matmul(zeros(2, 3, 5), false, zeros(2, 7, 5), true);
        assertEquals(2 * 3 * 5 * 7, b.cost().multiplyAdds());
        b.linear(zeros(4, 11), zeros(13, 11), zeros(13));
        assertEquals(2 * 3 * 5 * 7 + 4 * 11 * 13, b.cost().multiplyAdds());
        assertEquals(2 * b.cost().multiplyAdds(), b.cost().flops());
    }

    @Test
    void trafficIsWhatOperationsReadAndWrite() {
        Tensor x = zeros(10, 10);
        long before = b.cost().traffic();
        b.add(x, zeros(1, 10));
        assertEquals(before + 4 * (10 + 100 + 10 + 100), b.cost().traffic());
    }

    @Test
    void shapesAreRefusedAsElsewhere() {
        Tensor x = zeros(2, 3);
        assertThrows(IllegalArgumentException.class, () -> b.matmul(x, false, x, false));
        assertThrows(IllegalArgumentException.class, () -> b.add(x, zeros(3, 2)));
        assertThrows(IllegalArgumentException.class, () -> new MetaBackend(DType.F64).scale(x, 2));
    }

    @Test
    void aTrainingStepMultipliesThreeTimesAsMuchAsAForwardPass() {
        DeepFlow model = new DeepFlow(Configs.resolve("digits"));
        long forward = EvaluationCost.of(model, 64, DType.F32).multiplyAdds();
        long training =
                TrainingCost.of(model, Objective.published(2), 64, 1, DType.F32).multiplyAdds();
        assertTrue(training <= 3 * forward, training + " " + forward);
        assertEquals(3.0, training / (double) forward, 0.01);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F64"})
    void bytesAreProportionalToThePrecision(DType dtype) {
        DeepFlow model = new DeepFlow(Configs.resolve("xl-4t"));
        Cost cost = EvaluationCost.of(model, 1, dtype);
        assertEquals(822_587_952L * dtype.bytes(), cost.peak().get(Purpose.WEIGHTS));
    }
}

package deepflow.equation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import deepflow.autograd.Tape;
import deepflow.autograd.Variable;
import deepflow.tensor.Backend;
import deepflow.tensor.NaiveBackend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Derivatives of α and σ, which Eq. 1 does not use on the linear path; and what Eq. 4 refuses.
class FlowPathTest {
    private interface Weight {
        Tensor at(Backend b, Tensor t);
    }

    private static final double STEP = 0x1p-10;

    private static void assertDerivative(Weight derivative, Weight weight) {
        try (Backend b = new NaiveBackend()) {
            double[] times = {0, 0.125, 0.5, 0.9, 1};
            double[] expected = new double[times.length];
            for (int i = 0; i < times.length; i++) {
                double near = value(b, weight, times[i] + STEP) - value(b, weight, times[i] - STEP);
                double far = value(b, weight, times[i] + 2 * STEP) - value(b, weight, times[i] - 2 * STEP);
                expected[i] = (8 * near - far) / (12 * STEP);
            }
            Tensor t = b.upload(times, Shape.of(times.length));
            assertArrayEquals(expected, b.download(derivative.at(b, t)), 1e-11);
        }
    }

    private static double value(Backend b, Weight weight, double time) {
        return b.download(weight.at(b, b.full(Shape.of(1), time)))[0];
    }

    @ParameterizedTest
    @EnumSource
    void derivativesAreThoseOfTheWeights(FlowPath path) {
        assertDerivative(path::alphaDerivative, path::alpha);
        assertDerivative(path::sigmaDerivative, path::sigma);
    }

    @Test
    void deepSupervisionNeedsAsManyOfEach() {
        try (Backend b = new NaiveBackend()) {
            Variable v = Tape.inference(b).constant(b.full(Shape.of(1, 1, 1, 1), 1));
            assertThrows(IllegalArgumentException.class, () -> DeepSupervisionLoss.of(List.of(), List.of(), List.of()));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> DeepSupervisionLoss.of(List.of(v, v), List.of(v), List.of(1.0, 1.0)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> DeepSupervisionLoss.of(List.of(v), List.of(v), List.of(1.0, 1.0)));
        }
    }
}

package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Bounds and sums of positive terms that are read piece by piece are those of the whole tensor.
class UpperPiecesTest {
    private static final int ROWS = 7;
    private static final int WIDTH = 5;

    @ParameterizedTest
    @EnumSource(FloatFormat.class)
    void arePartsOfTheWhole(FloatFormat stored) {
        try (Threads threads = new Threads(2);
                Backend exact = Backends.open("cpu", DType.F64, 1)) {
            Arithmetic arithmetic = Arithmetic.uniform(FloatFormat.F32);
            BoundingBackend bounding = new BoundingBackend(exact, exact, threads, arithmetic, 1e-6);
            double[] numbers = new double[ROWS * WIDTH];
            KeyedRandom.of(3, "pieces", 0).gaussians(numbers);
            Tensor given = bounding.adopt(numbers.clone(), Shape.of(ROWS, WIDTH));
            holds(bounding, given, stored, numbers);
            Tensor product = bounding.matmul(given, true, given, false);
            double[] size = exact.download(exact.matmul(
                    exact.upload(absolute(numbers), given.shape()), true,
                    exact.upload(absolute(numbers), given.shape()), false));
            holds(bounding, product, stored, size);
        }
    }

    private static void holds(BoundingBackend bounding, Tensor x, FloatFormat stored, double[] terms) {
        double[] whole = bounding.bound(x);
        double[] values = bounding.download(x);
        int n = values.length;
        for (int from : new int[] {0, 1, n / 2, n - 1}) {
            double[] bounds = new double[n - from];
            bounding.bounds(x, stored).read(from, bounds);
            double[] magnitudes = new double[n - from];
            bounding.magnitudes(x).read(from, magnitudes);
            for (int i = from; i < n; i++) {
                // float32 numbers in a narrower type are rounded once more, in a wider one they stay
                double rounding = stored.holds(FloatFormat.F32)
                        ? 0
                        : (stored.unit() + 0x1p-53) * (Math.abs(values[i]) + whole[i]) + stored.underflow();
                assertEquals(whole[i] + rounding, bounds[i - from], 1e-12 * rounding);
                assertEquals(Math.abs(terms[i]), magnitudes[i - from], 1e-6 * Math.abs(terms[i]));
            }
        }
    }

    private static double[] absolute(double[] x) {
        double[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.abs(y[i]);
        }
        return y;
    }
}

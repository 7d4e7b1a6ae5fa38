package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.oracle.emulation.Arithmetic;
import deepflow.oracle.emulation.FloatFormat;
import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import deepflow.thread.Threads;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Right implementations in narrow types that round more often than the model's operations say: they keep a weight in
/// parts, accumulate over parts of a batch, or multiply a sum out.
class PartialSumsTest {
    @Retention(RetentionPolicy.RUNTIME)
    @ParameterizedTest
    @EnumSource(
            value = FloatFormat.class,
            names = {"BF16", "FP16"})
    private @interface EachNarrowType {}

    private static final int ROWS = 24;
    private static final int WIDTH = 96;
    private static final int OUT = 32;
    private static final int PARTS = 3;

    private final KeyedRandom random = KeyedRandom.of(6, "partial sums", 0);

    private double[] draw(FloatFormat format, int n) {
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            x[i] = format.nearest(random.gaussian());
        }
        return x;
    }

    private static void narrow(FloatFormat format, Consumer<BoundingBackend> test) {
        try (Threads threads = new Threads(1);
                Backend exact = Backends.open("cpu", DType.F64, 1);
                Backend bounds = Backends.open("cpu", DType.F32, 1)) {
            test.accept(new BoundingBackend(exact, bounds, threads, Arithmetic.uniform(format), 1e-6));
        }
    }

    private static void within(BoundingBackend b, Tensor truth, double[] found) {
        double[] y = b.download(truth);
        double[] bound = b.bound(truth);
        double worst = 0;
        for (int i = 0; i < y.length; i++) {
            worst = Math.max(worst, Math.abs(y[i] - found[i]) / bound[i]);
        }
        assertTrue(worst <= 1, "error over bound " + worst);
        assertTrue(worst > 0.01, "a bound that says nothing: " + worst);
    }

    @EachNarrowType
    void queriesKeysAndValuesMayHaveWeightsOfTheirOwn(FloatFormat format) {
        narrow(format, b -> {
            double[] dy = draw(format, ROWS * WIDTH);
            double[] w = draw(format, WIDTH * OUT);
            double[] dx = new double[ROWS * OUT];
            for (int i = 0; i < dx.length; i++) {
                for (int part = 0; part < PARTS; part++) {
                    double sum = 0;
                    for (int k = part * WIDTH / PARTS; k < (part + 1) * WIDTH / PARTS; k++) {
                        sum += dy[i / OUT * WIDTH + k] * w[k * OUT + i % OUT];
                    }
                    dx[i] = format.nearest(dx[i] + format.nearest(sum));
                }
            }
            Tensor truth =
                    b.matmul(b.upload(dy, Shape.of(ROWS, WIDTH)), false, b.upload(w, Shape.of(WIDTH, OUT)), false);
            within(b, truth, dx);
        });
    }

    @EachNarrowType
    void gradientsOfBiasesMayBeAccumulatedOverPartsOfABatch(FloatFormat format) {
        narrow(format, b -> {
            double[] dy = draw(format, ROWS * WIDTH);
            double[] sums = new double[WIDTH];
            for (int j = 0; j < WIDTH; j++) {
                for (int part = 0; part < PARTS; part++) {
                    double sum = 0;
                    for (int row = part * ROWS / PARTS; row < (part + 1) * ROWS / PARTS; row++) {
                        sum += dy[row * WIDTH + j];
                    }
                    sums[j] = format.nearest(sums[j] + format.nearest(sum));
                }
            }
            within(b, b.sumTo(b.upload(dy, Shape.of(ROWS, WIDTH)), Shape.of(1, WIDTH)), sums);
        });
    }

    @EachNarrowType
    void aModulationMayBeMultipliedOut(FloatFormat format) {
        narrow(format, b -> {
            double[] z = draw(format, ROWS * WIDTH);
            double[] scale = draw(format, WIDTH);
            scale[0] = format.nearest(-1 + 1 / 64.0);
            double[] y = new double[z.length];
            for (int i = 0; i < y.length; i++) {
                y[i] = format.nearest(z[i] + format.nearest(z[i] * scale[i % WIDTH]));
            }
            Shape tokens = Shape.of(1, ROWS, WIDTH);
            Shape vector = Shape.of(1, WIDTH);
            within(b, b.modulate(b.upload(z, tokens), b.full(vector, 0), b.upload(scale, vector)), y);
        });
    }
}

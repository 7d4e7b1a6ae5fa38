package deepflow.oracle.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.random.KeyedRandom;
import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.Shape;
import deepflow.thread.Threads;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products in float32 are never below the exact ones, and hardly above, whatever the elements' size.
class UpperProductsTest {
    @ParameterizedTest
    @CsvSource({
        "1, 0, 0",
        "3, 40, -40",
        "64, -290, 0",
        "1152, -200, -90",
        "64, 280, -300",
        "64, -305, -2",
        "17, 150, 150"
    })
    void areAtLeastTheExactOnes(int terms, int exponentA, int exponentB) {
        KeyedRandom random = KeyedRandom.of(9, "upper", terms);
        double[] a = data(random, 5 * terms, exponentA);
        double[] b = data(random, 7 * terms, exponentB);
        a[0] = -a[0]; // signs do not count
        try (Backend narrow = Backends.open("cpu", DType.F32, 1);
                Backend exact = Backends.open("cpu", DType.F64, 1);
                Threads threads = new Threads(2)) {
            UpperProducts products = new UpperProducts(narrow, new Loops(threads), exact);
            double[] y = products.of(
                            new UpperProducts.Operand(a, null, Shape.of(5, terms), false),
                            new UpperProducts.Operand(b, null, Shape.of(7, terms), true))
                    .size();
            for (int i = 0; i < y.length; i++) {
                double sum = 0;
                for (int t = 0; t < terms; t++) {
                    sum += Math.abs(a[i / 7 * terms + t]) * b[i % 7 * terms + t];
                }
                assertTrue(y[i] >= sum * (1 - 1e-13), y[i] + " < " + sum);
                assertTrue(y[i] <= sum * (1 + 1e-3) + Double.MIN_NORMAL, y[i] + " is far above " + sum);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void errorsOfOperandsAreBetweenWhatTheyComeToAndHardlyMore(boolean ofA, boolean ofB) {
        KeyedRandom random = KeyedRandom.of(10, "inherited", 0);
        int terms = 9;
        double[] a = data(random, terms * 4, 0);
        double[] b = data(random, terms * 3, 0);
        double[] ea = ofA ? data(random, a.length, -2) : null;
        double[] eb = ofB ? data(random, b.length, -3) : null;
        a[5] = -a[5];
        b[7] = -b[7];
        try (Backend narrow = Backends.open("cpu", DType.F32, 1);
                Backend exact = Backends.open("cpu", DType.F64, 1);
                Threads threads = new Threads(2)) {
            UpperProducts.Sums sums = new UpperProducts(narrow, new Loops(threads), exact)
                    .of(
                            new UpperProducts.Operand(a, ofA ? ea.clone() : null, Shape.of(terms, 4), true),
                            new UpperProducts.Operand(b, ofB ? eb.clone() : null, Shape.of(terms, 3), false));
            assertEquals(ofA || ofB, sums.inherited() != null);
            for (int i = 0; i < 12; i++) {
                double size = 0;
                double largest = 0;
                for (int t = 0; t < terms; t++) {
                    double x = Math.abs(a[t * 4 + i / 3]);
                    double y = Math.abs(b[t * 3 + i % 3]);
                    size += x * y;
                    largest += (x + (ofA ? ea[t * 4 + i / 3] : 0)) * (y + (ofB ? eb[t * 3 + i % 3] : 0));
                }
                assertEquals(size, sums.size()[i], 1e-4 * size);
                if (sums.inherited() != null) {
                    double inherited = largest - size;
                    assertTrue(sums.inherited()[i] >= inherited * (1 - 1e-9));
                    assertTrue(sums.inherited()[i] <= inherited * (1 + 1e-4));
                }
            }
        }
    }

    private static double[] data(KeyedRandom random, int n, int exponent) {
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            x[i] = Math.abs(random.gaussian()) * Math.pow(10, exponent - random.below(5));
        }
        return x;
    }
}

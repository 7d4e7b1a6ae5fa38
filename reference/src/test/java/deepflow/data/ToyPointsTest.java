package deepflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ToyPointsTest {
    @ParameterizedTest
    @EnumSource
    void pointsAreTwoChannelsOfOnePixelAndTheSameEveryTime(ToyPoints toy) {
        assertEquals(2, toy.channels());
        assertEquals(1, toy.side());
        assertEquals(toy, new DataSets(null).open(toy.id(), 8, null));
        for (int i = 0; i < 1000; i++) {
            double[] p = toy.image(i, 1, 0);
            assertEquals(2, p.length);
            assertTrue(Math.hypot(p[0], p[1]) < 1.6, toy + " " + p[0] + " " + p[1]);
            assertTrue(toy.label(i) >= 0 && toy.label(i) < toy.classes());
            assertArrayEquals(p, toy.image(i, 2, 5));
        }
    }

    @Test
    void aCheckerboardHasDarkSquaresOnlyAndAllOfThem() {
        int[] counts = new int[16];
        for (int i = 0; i < ToyPoints.CHECKERBOARD.count(); i++) {
            double[] p = ToyPoints.CHECKERBOARD.image(i, 0, 0);
            int column = (int) ((p[0] + 1) * 2);
            int row = (int) ((p[1] + 1) * 2);
            assertEquals(0, (row + column) % 2, "(" + p[0] + ", " + p[1] + ")");
            counts[row * 4 + column]++;
        }
        double expected = ToyPoints.CHECKERBOARD.count() / 8.0;
        for (int square = 0; square < 16; square++) {
            if ((square / 4 + square % 4) % 2 == 0) {
                assertEquals(expected, counts[square], 6 * Math.sqrt(expected), "square " + square);
            }
        }
    }

    @Test
    void eightGaussiansHaveTheirMeansAndDeviation() {
        ToyPoints toy = ToyPoints.GAUSSIANS;
        double[] sums = new double[16];
        double squares = 0;
        for (int i = 0; i < toy.count(); i++) {
            double[] p = toy.image(i, 0, 0);
            double angle = 2 * Math.PI * toy.label(i) / 8;
            sums[2 * toy.label(i)] += p[0];
            sums[2 * toy.label(i) + 1] += p[1];
            squares += Math.pow(p[0] - 0.8 * Math.cos(angle), 2) + Math.pow(p[1] - 0.8 * Math.sin(angle), 2);
        }
        for (int k = 0; k < 8; k++) {
            assertEquals(0.8 * Math.cos(2 * Math.PI * k / 8), sums[2 * k] * 8 / toy.count(), 0.012);
            assertEquals(0.8 * Math.sin(2 * Math.PI * k / 8), sums[2 * k + 1] * 8 / toy.count(), 0.012);
        }
        assertEquals(0.1, Math.sqrt(squares / (2 * toy.count())), 0.002);
    }
}

package deepflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PixelDistanceTest {
    private static final DataSet DIGITS = new DataSets(Path.of("..", "testdata")).open("digits", 10, null);

    private static double[] all() {
        double[] rows = new double[DIGITS.count() * 64];
        for (int i = 0; i < DIGITS.count(); i++) {
            System.arraycopy(DIGITS.image(i, 1, 0), 0, rows, i * 64, 64);
        }
        return rows;
    }

    @Test
    void theDataAreNoDistanceFromThemselves() {
        assertEquals(0, PixelDistance.to(DIGITS, 1, 64).of(all()), 1e-6);
    }

    /// Scaling about the mean and moving it: (1 − s)²·tr Σ + ‖shift‖², in closed form.
    @Test
    void aScaledAndMovedCopyHasItsClosedForm() {
        double[] rows = all();
        PixelDistance.Moments m = PixelDistance.Moments.of(rows, 64);
        double trace = 0;
        for (int i = 0; i < 64; i++) {
            trace += m.covariance().get(i, i);
        }
        double[] moved = rows.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] = m.mean()[i % 64] + 0.5 * (moved[i] - m.mean()[i % 64]);
        }
        assertEquals(0.25 * trace, PixelDistance.to(DIGITS, 1, 64).of(moved), 1e-5);
    }
}

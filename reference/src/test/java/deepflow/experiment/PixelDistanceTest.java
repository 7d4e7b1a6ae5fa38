package deepflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.metric.Gaussian;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PixelDistanceTest {
    private static final DataSet DIGITS = new DataSets(Path.of("..", "testdata")).open("digits", 10, null);

    private static double[] all() {
        return PixelDistance.pixels(DIGITS, 1).values();
    }

    @Test
    void theDataAreNoDistanceFromThemselves() {
        assertEquals(0, PixelDistance.to(DIGITS, 1).of(all()), 1e-6);
    }

    /// Scaling about the mean and moving it: (1 − s)²·tr Σ + ‖shift‖², in closed form.
    @Test
    void aScaledAndMovedCopyHasItsClosedForm() {
        double[] rows = all();
        Gaussian m = Gaussian.of(PixelDistance.pixels(DIGITS, 1));
        double trace = 0;
        for (int i = 0; i < 64; i++) {
            trace += m.covariance()[i * 64 + i];
        }
        double[] moved = rows.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] = m.mean()[i % 64] + 0.5 * (moved[i] - m.mean()[i % 64]);
        }
        assertEquals(0.25 * trace, PixelDistance.to(DIGITS, 1).of(moved), 1e-5);
    }
}

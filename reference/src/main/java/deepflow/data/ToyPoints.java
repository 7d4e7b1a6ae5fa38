package deepflow.data;

import deepflow.random.KeyedRandom;
import java.util.Locale;

/// Points in the plane with a known density, for looking at flows. A point (x, y) is an "image" of two
/// channels and one pixel, (2, 1, 1): the transformer then has one token (size 1, patch 1, channels 2).
/// Coordinates are about in [−1, 1]. Point i is drawn with the key (0, `toy ` + id, i), whatever the run's
/// seed.
public enum ToyPoints implements DataSet {
    /// Uniform on the dark squares of a 4×4 board over [−1, 1]²; one class.
    CHECKERBOARD(1) {
        @Override
        double[] draw(int label, KeyedRandom random) {
            int square = random.below(8);
            int row = square / 2;
            int column = 2 * (square % 2) + (row & 1);
            return new double[] {
                -1 + (column + random.uniform()) / 2, -1 + (row + random.uniform()) / 2,
            };
        }
    },
    /// Two interleaved half circles with N(0, 0.05²) added, as scikit-learn's `make_moons`, moved to the
    /// middle; a class
    /// each.
    MOONS(2) {
        @Override
        double[] draw(int label, KeyedRandom random) {
            double angle = Math.PI * random.uniform();
            double x = label == 0 ? StrictMath.cos(angle) : 1 - StrictMath.cos(angle);
            double y = label == 0 ? StrictMath.sin(angle) : 0.5 - StrictMath.sin(angle);
            return new double[] {
                (x - 0.5 + 0.05 * random.gaussian()) / 1.5, (y - 0.25 + 0.05 * random.gaussian()) / 1.5,
            };
        }
    },
    /// Eight normal distributions of standard deviation 0.1 around a circle of radius 0.8; a class each.
    GAUSSIANS(8) {
        @Override
        double[] draw(int label, KeyedRandom random) {
            double angle = 2 * Math.PI * label / 8;
            return new double[] {
                0.8 * StrictMath.cos(angle) + 0.1 * random.gaussian(),
                0.8 * StrictMath.sin(angle) + 0.1 * random.gaussian(),
            };
        }
    };

    private static final int POINTS = 1 << 14;

    private final int classes;

    ToyPoints(int classes) {
        this.classes = classes;
    }

    /// A point of a class.
    abstract double[] draw(int label, KeyedRandom random);

    @Override
    public int count() {
        return POINTS;
    }

    @Override
    public int channels() {
        return 2;
    }

    @Override
    public int side() {
        return 1;
    }

    @Override
    public int classes() {
        return classes;
    }

    @Override
    public int label(int index) {
        return index % classes;
    }

    @Override
    public double[] image(int index, long seed, long visit) {
        return draw(label(index), KeyedRandom.of(0, "toy " + id(), index));
    }

    @Override
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}

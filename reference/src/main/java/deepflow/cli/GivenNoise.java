package deepflow.cli;

import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.sample.Increments;
import deepflow.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;

/// The noise that a user gives as npy files, checked.
final class GivenNoise {
    private GivenNoise() {}

    /// The starts (N, C, H, W).
    ///
    /// @throws UserException if it has another shape or a number that is not finite
    static double[] start(Path file, Shape sample) {
        NpyArray array = Npy.read(file);
        long[] shape = array.shape();
        if (shape.length != 4 || !Arrays.equals(shape, 1, 4, extents(sample), 0, 3)) {
            throw wrong(file, array, "noise is (N, C, H, W) with (C, H, W) = " + sample);
        }
        return finite(file, array);
    }

    /// The draws (steps − 1, N, C, H, W).
    ///
    /// @throws UserException if it has another shape or a number that is not finite
    static Increments increments(Path file, int draws, int n, Shape sample) {
        NpyArray array = Npy.read(file);
        long[] expected = {draws, n, sample.dim(0), sample.dim(1), sample.dim(2)};
        if (!Arrays.equals(array.shape(), expected)) {
            throw wrong(file, array, "increments are (steps - 1, N, C, H, W) = " + Arrays.toString(expected));
        }
        double[] values = finite(file, array);
        return (row, step, size) -> {
            int at = (step * n + row) * size;
            return Arrays.copyOfRange(values, at, at + size);
        };
    }

    private static long[] extents(Shape sample) {
        return Arrays.stream(sample.dims()).asLongStream().toArray();
    }

    private static UserException wrong(Path file, NpyArray array, String expected) {
        return new UserException(file + " has the shape " + Arrays.toString(array.shape()) + "; " + expected + ".");
    }

    private static double[] finite(Path file, NpyArray array) {
        double[] values = array.toDoubles();
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw new UserException(file + " holds " + values[i] + " at element " + i + "; noise is finite.");
            }
        }
        return values;
    }
}

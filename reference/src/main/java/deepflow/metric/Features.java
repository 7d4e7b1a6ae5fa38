package deepflow.metric;

/// Rows of numbers: one for each sample.
///
/// @param values (N, D) in row-major order
/// @param count N
/// @param width D
public record Features(double[] values, int count, int width) {
    /// @throws IllegalArgumentException if there are not N·D numbers, or no columns
    public Features {
        if (width < 1 || count < 0 || values.length != (long) count * width) {
            throw new IllegalArgumentException(
                    values.length + " numbers are no " + count + " rows of " + width + " features");
        }
    }

    /// Rows of that width.
    public static Features of(double[] values, int width) {
        return new Features(values, values.length / Math.max(1, width), width);
    }

    /// The squared distance between a row and a row of others.
    double squaredDistance(int row, Features others, int other) {
        double sum = 0;
        int at = row * width;
        int otherAt = other * width;
        for (int j = 0; j < width; j++) {
            double d = values[at + j] - others.values[otherAt + j];
            sum += d * d;
        }
        return sum;
    }

    /// @throws IllegalArgumentException if the other rows have another width
    void checkWidth(Features other) {
        if (other.width != width) {
            throw new IllegalArgumentException(
                    "the samples have " + width + " features each, the reference has " + other.width);
        }
    }
}

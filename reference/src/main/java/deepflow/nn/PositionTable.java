package deepflow.nn;

/// The fixed two-dimensional sine-cosine table `pos_embed` (SPEC §2): for dimension d = D/2 and position s,
/// ω_j = 10000^(−j/(d/2)), j = 0…d/2−1; [sin(s·ω), cos(s·ω)]; the first D/2 channels encode the column, the last
/// D/2 the row.
public final class PositionTable {
    private PositionTable() {}

    /// The table for a square grid, rounded to float32 as checkpoints store it.
    ///
    /// @param width D, divisible by 4
    /// @param grid H/p
    /// @return (1, T, D) in row-major order, T = grid²
    public static double[] of(int width, int grid) {
        double[] table = new double[Math.multiplyExact(Math.multiplyExact(grid, grid), width)];
        for (int row = 0; row < grid; row++) {
            for (int column = 0; column < grid; column++) {
                int at = (row * grid + column) * width;
                encode(column, table, at, width / 2);
                encode(row, table, at + width / 2, width / 2);
            }
        }
        return table;
    }

    private static void encode(int s, double[] table, int at, int d) {
        int half = d / 2;
        for (int j = 0; j < half; j++) {
            double angle = s * StrictMath.pow(10000, -j / (double) half);
            table[at + j] = (float) StrictMath.sin(angle);
            table[at + half + j] = (float) StrictMath.cos(angle);
        }
    }
}

package deepflow.sample;

import deepflow.tensor.Shape;

/// Samples as bytes: clamp(255·(x + 1)/2, 0, 255), cut (SPEC §6), channels last.
///
/// @param bytes (N, H, W, C) in row-major order
/// @param count N
/// @param height H
/// @param width W
/// @param channels C
public record Pixels(byte[] bytes, int count, int height, int width, int channels) {
    private static final int CELL = 32;
    private static final int LARGEST_GRID = 400;

    /// Converts samples.
    ///
    /// @param values (N, C, H, W)
    /// @param sample (C, H, W)
    public static Pixels of(double[] values, Shape sample) {
        int channels = sample.dim(0);
        int plane = sample.dim(1) * sample.dim(2);
        int count = Math.toIntExact(values.length / sample.size());
        byte[] bytes = new byte[values.length];
        for (int n = 0; n < count; n++) {
            for (int c = 0; c < channels; c++) {
                for (int p = 0; p < plane; p++) {
                    bytes[(n * plane + p) * channels + c] = pixel(values[(n * channels + c) * plane + p]);
                }
            }
        }
        return new Pixels(bytes, count, sample.dim(1), sample.dim(2), channels);
    }

    private static byte pixel(double x) {
        return (byte) Math.clamp(255 * (x + 1) / 2, 0.0, 255.0);
    }

    /// One sample, as pixels of its own.
    public Pixels image(int index) {
        int size = height * width * channels;
        byte[] one = new byte[size];
        System.arraycopy(bytes, index * size, one, 0, size);
        return new Pixels(one, 1, height, width, channels);
    }

    /// The first samples (400 at most) side by side, row by row, in a picture about as wide as high; each pixel is
    /// repeated until a sample is at least 32 pixels wide; black lines between.
    public Pixels grid() {
        int shown = Math.min(count, LARGEST_GRID);
        int columns = Math.max(1, (int) Math.ceil(Math.sqrt(shown)));
        int rows = Math.ceilDiv(shown, columns);
        int zoom = Math.ceilDiv(CELL, Math.min(width, CELL));
        int cellWidth = width * zoom + 1;
        int cellHeight = height * zoom + 1;
        int gridWidth = columns * cellWidth + 1;
        int gridHeight = rows * cellHeight + 1;
        byte[] grid = new byte[Math.multiplyExact(Math.multiplyExact(gridHeight, gridWidth), channels)];
        for (int n = 0; n < shown; n++) {
            int top = n / columns * cellHeight + 1;
            int left = n % columns * cellWidth + 1;
            for (int y = 0; y < height * zoom; y++) {
                for (int x = 0; x < width * zoom; x++) {
                    System.arraycopy(
                            bytes,
                            ((n * height + y / zoom) * width + x / zoom) * channels,
                            grid,
                            ((top + y) * gridWidth + left + x) * channels,
                            channels);
                }
            }
        }
        return new Pixels(grid, 1, gridHeight, gridWidth, channels);
    }
}

package deepflow.experiment;

import deepflow.io.AtomicFile;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/// Grey images in rows, a class each, with the class before its row.
///
/// @param images (N, 1, H, H) in row-major order, in [−1, 1] (what is outside is cut off), row by row
/// @param side H
/// @param columns images in a row
record LabelledGrid(double[] images, int side, int columns) {
    private static final int ZOOM = 6;
    private static final int GAP = 6;
    private static final int MARGIN = 34;

    /// Draws it as PNG.
    void write(Path file) {
        int rows = images.length / (side * side * columns);
        int cell = side * ZOOM + GAP;
        BufferedImage picture = new BufferedImage(
                MARGIN + columns * cell + GAP, GAP + rows * cell, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = picture.createGraphics();
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, picture.getWidth(), picture.getHeight());
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 20));
        FontMetrics metrics = g.getFontMetrics();
        for (int row = 0; row < rows; row++) {
            g.setColor(new Color(0x0072B2));
            String label = Integer.toString(row);
            int baseline = GAP + row * cell + (cell - GAP + metrics.getAscent() - metrics.getDescent()) / 2;
            g.drawString(label, (MARGIN - metrics.stringWidth(label)) / 2, baseline);
            for (int column = 0; column < columns; column++) {
                image(g, row * columns + column, MARGIN + column * cell, GAP + row * cell);
            }
        }
        g.dispose();
        AtomicFile.write(file, png(picture));
    }

    /// One image, each pixel a square.
    private void image(Graphics2D g, int index, int left, int top) {
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int grey = (int) Math.clamp(255 * (images[(index * side + y) * side + x] + 1) / 2, 0.0, 255.0);
                g.setColor(new Color(grey, grey, grey));
                g.fillRect(left + x * ZOOM, top + y * ZOOM, ZOOM, ZOOM);
            }
        }
    }

    private static byte[] png(BufferedImage picture) {
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            ImageIO.write(picture, "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail so
        }
    }
}

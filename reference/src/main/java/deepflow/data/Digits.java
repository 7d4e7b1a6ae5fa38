package deepflow.data;

import deepflow.io.FormatException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/// Handwritten digits, 1×8×8, ten classes: `testdata/digits`. A line of the file is 64 numbers from 0 to 16
/// and the class; they become v/8 − 1, in [−1, 1].
public final class Digits implements DataSet {
    private static final int SIDE = 8;
    private static final int CLASSES = 10;
    private static final int INK = 16;
    private static final int MOST = 1 << 20;

    private final byte[] ink;
    private final byte[] labels;

    private Digits(byte[] ink, byte[] labels) {
        this.ink = ink;
        this.labels = labels;
    }

    /// Reads the file.
    ///
    /// @param file `digits.csv.gz`
    /// @throws FormatException if it cannot be read or a line is not a digit
    public static Digits read(Path file) {
        List<byte[]> rows = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.ISO_8859_1))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                rows.add(row(file, rows.size() + 1, line));
                if (rows.size() > MOST) {
                    throw new FormatException(file + " has more than " + MOST + " lines.");
                }
            }
        } catch (IOException e) {
            throw new FormatException(file + " cannot be read as gzip: " + e.getMessage() + ".", e);
        }
        if (rows.isEmpty()) {
            throw new FormatException(file + " has no digits.");
        }
        byte[] ink = new byte[rows.size() * SIDE * SIDE];
        byte[] labels = new byte[rows.size()];
        for (int i = 0; i < labels.length; i++) {
            System.arraycopy(rows.get(i), 0, ink, i * SIDE * SIDE, SIDE * SIDE);
            labels[i] = rows.get(i)[SIDE * SIDE];
        }
        return new Digits(ink, labels);
    }

    private static byte[] row(Path file, int number, String line) {
        String[] cells = line.split(",", -1);
        if (cells.length != SIDE * SIDE + 1) {
            throw new FormatException(file + ": line " + number + " has " + cells.length + " numbers instead of "
                    + (SIDE * SIDE + 1) + ".");
        }
        byte[] row = new byte[cells.length];
        for (int i = 0; i < cells.length; i++) {
            int most = i < SIDE * SIDE ? INK : CLASSES - 1;
            row[i] = (byte) number(file, number, cells[i].strip(), most);
        }
        return row;
    }

    private static int number(Path file, int line, String cell, int most) {
        try {
            int value = Integer.parseInt(cell);
            if (value >= 0 && value <= most) {
                return value;
            }
        } catch (NumberFormatException _) {
            // said below
        }
        throw new FormatException(
                file + ": line " + line + " has '" + cell + "' where a number from 0 to " + most + " belongs.");
    }

    @Override
    public String id() {
        return DataSets.DIGITS;
    }

    @Override
    public int count() {
        return labels.length;
    }

    @Override
    public int channels() {
        return 1;
    }

    @Override
    public int side() {
        return SIDE;
    }

    @Override
    public int classes() {
        return CLASSES;
    }

    @Override
    public double[] image(int index, long seed, long visit) {
        double[] image = new double[SIDE * SIDE];
        for (int i = 0; i < image.length; i++) {
            image[i] = ink[index * image.length + i] / 8.0 - 1;
        }
        return image;
    }

    @Override
    public int label(int index) {
        return labels[index];
    }
}

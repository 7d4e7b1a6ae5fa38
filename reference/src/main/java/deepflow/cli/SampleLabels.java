package deepflow.cli;

import deepflow.io.Npy;
import deepflow.io.NpyArray;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What a user gives as `--labels`: a class, a npy file of classes, or nothing.
///
/// @param given the argument; null for none
/// @param classes K; K itself is the null class
record SampleLabels(@Nullable String given, int classes) {
    /// How many labels a file has; −1 if none is given.
    static int countIn(@Nullable String given) {
        return given == null || isNumber(given) ? -1 : read(Path.of(given)).length;
    }

    /// Labels of samples first … first + count − 1, of which `from` … `to` are wanted. Without an argument sample i has
    /// the class i mod K.
    ///
    /// @throws UserException if a label is not from 0 to K, or a file does not have `count`
    int[] of(long first, int count, int from, int to) {
        int[] labels = new int[to - from];
        if (given == null) {
            Arrays.setAll(labels, i -> classes == 0 ? 0 : (int) Math.floorMod(first + from + i, (long) classes));
        } else if (isNumber(given)) {
            Arrays.fill(labels, checked(parse(given), "--labels"));
        } else {
            long[] all = read(Path.of(given));
            if (all.length != count) {
                throw new UserException(given + " has " + all.length + " labels for " + count + " samples.");
            }
            Arrays.setAll(labels, i -> checked(all[from + i], given));
        }
        return labels;
    }

    private int checked(long label, String where) {
        if (label < 0 || label > classes) {
            throw new UserException(
                    where + " holds the label " + label + "; labels go from 0 to " + classes + " (no class).");
        }
        return (int) label;
    }

    private static boolean isNumber(String text) {
        return text.matches("[+-]?\\d+");
    }

    private static long parse(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new UserException("--labels holds the label " + text + ", which is out of range.", e);
        }
    }

    private static long[] read(Path file) {
        NpyArray array = Npy.read(file);
        if (array.shape().length != 1 || array.type().isFloating()) {
            throw new UserException(file + " has the shape " + Arrays.toString(array.shape()) + " and the type "
                    + array.type() + "; labels are (N) integers.");
        }
        return array.toLongs();
    }
}

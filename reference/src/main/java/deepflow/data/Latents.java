package deepflow.data;

import deepflow.io.FormatException;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.random.KeyedRandom;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// VAE moments in the layout of REPA's preprocessing: a folder of `.npy` files of shape (2C, H, W), means
/// first, then standard deviations, and [Labels] in `dataset.json`. A sample is z = (mean + std·n)·0.18215,
/// n ~ N(0, I) with the key (run's seed, `latent`, visit·count + index): fresh noise at every visit, and
/// the same one after a resume.
///
/// Encoder features for SSL alignment may lie in a second folder, under the same names, each of shape (T,
/// Z).
///
/// Files are read when their sample is asked for; a folder may be larger than memory.
public final class Latents implements DataSet {
    private static final double SCALE = 0.18215;

    private final Path folder;
    private final Labels labels;
    private final @Nullable Path features;
    private final int classes;
    private final int channels;
    private final int side;
    private final int featureTokens;
    private final int featureWidth;

    private Latents(
            Path folder, Labels labels, @Nullable Path features, int classes, int[] momentShape, int[] featureShape) {
        this.folder = folder;
        this.labels = labels;
        this.features = features;
        this.classes = classes;
        this.channels = momentShape[0] / 2;
        this.side = momentShape[1];
        this.featureTokens = featureShape[0];
        this.featureWidth = featureShape[1];
    }

    /// Opens a folder: reads the labels and the first sample, whose shape all others must have.
    ///
    /// @param classes K; labels are below
    /// @param features folder of encoder features; null for none
    /// @throws FormatException if there are no moments, a file has no label or a label no file, a label is
    ///     out of range, or the first file has the wrong shape
    public static Latents open(Path folder, int classes, @Nullable Path features) {
        if (!Files.isDirectory(folder)) {
            throw new FormatException("There is no folder " + folder + " with VAE moments.");
        }
        Labels labels = Labels.read(folder, classes);
        int[] moments = momentShape(folder.resolve(labels.file(0)), Npy.read(folder.resolve(labels.file(0))));
        int[] width = {0, 0};
        if (features != null) {
            Path first = features.resolve(labels.file(0));
            width = featureShape(first, Npy.read(first));
        }
        return new Latents(folder, labels, features, classes, moments, width);
    }

    /// (2C, H, W), or (1, 2C, H, W).
    private static int[] momentShape(Path file, NpyArray array) {
        int[] s = withoutLeadingOne(array, 3);
        if (s.length != 3 || s[0] == 0 || s[0] % 2 != 0 || s[1] != s[2] || s[1] == 0) {
            throw new FormatException(file + " has the shape " + Arrays.toString(array.shape())
                    + "; VAE moments are (2C, H, H): the means of C channels, then their standard deviations.");
        }
        return s;
    }

    private static int[] featureShape(Path file, NpyArray array) {
        int[] s = withoutLeadingOne(array, 2);
        if (s.length != 2 || s[0] == 0 || s[1] == 0) {
            throw new FormatException(file + " has the shape " + Arrays.toString(array.shape())
                    + "; encoder features are (tokens, width).");
        }
        return s;
    }

    private static int[] withoutLeadingOne(NpyArray array, int rank) {
        long[] shape = array.shape();
        int from = shape.length == rank + 1 && shape[0] == 1 ? 1 : 0;
        return Arrays.stream(shape).skip(from).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public String id() {
        return folder.toString();
    }

    @Override
    public int count() {
        return labels.count();
    }

    @Override
    public int channels() {
        return channels;
    }

    @Override
    public int side() {
        return side;
    }

    @Override
    public int classes() {
        return classes;
    }

    @Override
    public int label(int index) {
        return labels.label(index);
    }

    @Override
    public int featureWidth() {
        return featureWidth;
    }

    @Override
    public int featureTokens() {
        return featureTokens;
    }

    @Override
    public double[] image(int index, long seed, long visit) {
        Path file = folder.resolve(labels.file(index));
        NpyArray array = Npy.read(file);
        same(file, momentShape(file, array), new int[] {2 * channels, side, side});
        double[] moments = array.toDoubles();
        KeyedRandom random = KeyedRandom.of(seed, "latent", visit * count() + index);
        double[] z = new double[moments.length / 2];
        for (int i = 0; i < z.length; i++) {
            z[i] = (moments[i] + moments[z.length + i] * random.gaussian()) * SCALE;
            if (!Double.isFinite(z[i])) {
                throw new FormatException(file + " has a moment that is not finite.");
            }
        }
        return z;
    }

    @Override
    public double[] features(int index) {
        if (features == null) {
            return DataSet.super.features(index);
        }
        Path file = features.resolve(labels.file(index));
        NpyArray array = Npy.read(file);
        same(file, featureShape(file, array), new int[] {featureTokens, featureWidth});
        return array.toDoubles();
    }

    private static void same(Path file, int[] shape, int[] first) {
        if (!Arrays.equals(shape, first)) {
            throw new FormatException(file + " has the shape " + Arrays.toString(shape) + ", but the first file has "
                    + Arrays.toString(first) + ".");
        }
    }

    /// The files, relative to the folder, in the order of `dataset.json`.
    public List<String> files() {
        return labels.files();
    }
}

package deepflow.cli;

import deepflow.data.DataSet;
import deepflow.data.DataSets;
import deepflow.io.ElementType;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.io.Npz;
import deepflow.metric.Features;
import deepflow.metric.Gaussian;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A set of samples to evaluate, or to compare with.
///
/// @param name for messages
/// @param features one row a sample; null where only statistics are known
/// @param labels classes; null where they are not known
/// @param statistics mean and covariance, where they were saved; null to be computed from the features
record EvaluationSet(
        String name,
        @Nullable Features features,
        int @Nullable [] labels,
        @Nullable Gaussian statistics) {
    private static final double HALF = 127.5;

    /// Reads `digits`, a npy file of features (N, …), or a npz file with `arr_0` (and labels `arr_1`) or with `mu` and
    /// `sigma`. Bytes (N, H, W, C) become channels first, v/127.5 − 1.
    ///
    /// @throws UserException if it is none of these
    static EvaluationSet read(String nameOrFile) {
        if (nameOrFile.equals(DataSets.DIGITS)) {
            return of(DataArgument.sets().open(nameOrFile, 0, null));
        }
        Path file = Path.of(nameOrFile);
        if (!nameOrFile.endsWith(".npz")) {
            return new EvaluationSet(nameOrFile, features(nameOrFile, Npy.read(file)), null, null);
        }
        Map<String, NpyArray> arrays = Npz.read(file);
        NpyArray mu = arrays.get("mu");
        NpyArray sigma = arrays.get("sigma");
        Gaussian statistics = mu == null || sigma == null ? null : statistics(nameOrFile, mu, sigma);
        NpyArray rows = arrays.get("arr_0");
        if (rows == null && statistics == null) {
            throw new UserException(nameOrFile + " has neither arr_0 nor mu and sigma; it has "
                    + String.join(", ", arrays.keySet()) + ".");
        }
        NpyArray classes = arrays.get("arr_1");
        Features features = rows == null ? null : features(nameOrFile, rows);
        return new EvaluationSet(
                nameOrFile, features, classes == null ? null : labels(nameOrFile, classes, features), statistics);
    }

    private static EvaluationSet of(DataSet data) {
        int width = data.channels() * data.side() * data.side();
        double[] values = new double[data.count() * width];
        int[] labels = new int[data.count()];
        for (int i = 0; i < labels.length; i++) {
            System.arraycopy(data.image(i, 0, 0), 0, values, i * width, width);
            labels[i] = data.label(i);
        }
        return new EvaluationSet(data.id(), Features.of(values, width), labels, null);
    }

    /// The same set with labels from a npy file.
    EvaluationSet withLabels(Path file) {
        return new EvaluationSet(name, features, labels(file.toString(), Npy.read(file), features), statistics);
    }

    /// The features.
    ///
    /// @throws UserException if there are only statistics
    Features required(String purpose) {
        if (features == null) {
            throw new UserException(name + " has only mu and sigma; " + purpose + " needs the features themselves.");
        }
        return features;
    }

    /// Mean and covariance.
    Gaussian gaussian() {
        if (statistics != null) {
            return statistics;
        }
        try {
            return Gaussian.of(required("the Fréchet distance"));
        } catch (IllegalArgumentException e) {
            throw new UserException(name + ": " + e.getMessage() + ".", e);
        }
    }

    static Features features(String name, NpyArray array) {
        long[] shape = array.shape();
        if (shape.length < 2 || array.elements() == 0) {
            throw new UserException(
                    name + " has the shape " + Arrays.toString(shape) + "; features are (N, ...), at least two axes.");
        }
        double[] values = array.toDoubles();
        int count = (int) shape[0];
        int width = values.length / count;
        if (array.type() == ElementType.U8 && shape.length == 4) {
            int channels = (int) shape[3];
            int plane = width / channels;
            double[] planar = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                int sample = i / width;
                int pixel = i % width / channels;
                planar[sample * width + i % channels * plane + pixel] = values[i] / HALF - 1;
            }
            values = planar;
        }
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw new UserException(name + " holds " + values[i] + " in sample " + i / width + ".");
            }
        }
        return new Features(values, count, width);
    }

    private static Gaussian statistics(String name, NpyArray mu, NpyArray sigma) {
        long d = mu.elements();
        if (mu.shape().length != 1 || !Arrays.equals(sigma.shape(), new long[] {d, d})) {
            throw new UserException(name + " has mu of shape " + Arrays.toString(mu.shape()) + " and sigma of shape "
                    + Arrays.toString(sigma.shape()) + "; they are (D) and (D, D).");
        }
        try {
            return new Gaussian(mu.toDoubles(), sigma.toDoubles());
        } catch (IllegalArgumentException e) {
            throw new UserException(name + ": " + e.getMessage() + ".", e);
        }
    }

    private static int[] labels(String name, NpyArray array, @Nullable Features features) {
        if (array.shape().length != 1
                || array.type().isFloating()
                || features != null && array.elements() != features.count()) {
            throw new UserException(name + " has labels of shape " + Arrays.toString(array.shape()) + " and type "
                    + array.type() + "; there is one integer for each sample.");
        }
        return Arrays.stream(array.toLongs()).mapToInt(Math::toIntExact).toArray();
    }
}

package deepflow.data;

import deepflow.io.FormatException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Finds data sets by name.
///
/// @param testdata folder of the data that come with the program; null where it is not known
public record DataSets(@Nullable Path testdata) {
    /// The name of [Digits].
    public static final String DIGITS = "digits";

    /// A data set: `digits`, `checkerboard`, `moons`, `gaussians`, or the path of a folder of VAE moments.
    ///
    /// @param nameOrFolder which
    /// @param classes K of the model, for labels of a folder
    /// @param features folder of encoder features; null for none
    /// @throws FormatException if there is none of that name, or it is wrong
    public DataSet open(String nameOrFolder, int classes, @Nullable Path features) {
        DataSet named = named(nameOrFolder);
        if (named != null) {
            if (features != null) {
                throw new FormatException(
                        "Encoder features go with a folder of VAE moments, not with " + nameOrFolder + ".");
            }
            return named;
        }
        Path folder = Path.of(nameOrFolder);
        if (!Files.isDirectory(folder)) {
            String toys = Arrays.stream(ToyPoints.values()).map(ToyPoints::id).collect(Collectors.joining(", "));
            throw new FormatException("There is no data set '" + nameOrFolder + "': known are " + DIGITS + ", " + toys
                    + ", or give the path of a folder of VAE moments.");
        }
        return Latents.open(folder, classes, features);
    }

    private @Nullable DataSet named(String name) {
        if (name.equals(DIGITS)) {
            if (testdata == null) {
                throw new FormatException("Where testdata/digits is, is not known: start the program by its launcher.");
            }
            return Digits.read(testdata.resolve("digits").resolve("digits.csv.gz"));
        }
        return Arrays.stream(ToyPoints.values())
                .filter(t -> t.id().equals(name))
                .findFirst()
                .orElse(null);
    }
}

package deepflow.cli;

import deepflow.io.ElementType;
import deepflow.io.Npy;
import deepflow.io.NpyArray;
import deepflow.io.Npz;
import deepflow.io.Png;
import deepflow.sample.Pixels;
import deepflow.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The folder that `deepflow sample --out` writes.
///
/// @param folder where
/// @param suffix of names that another shard also has
record SampleFolder(Path folder, String suffix) {
    /// Writes everything.
    ///
    /// @param values (N, C, H, W)
    /// @param sample (C, H, W)
    /// @param labels (N)
    /// @param first the number of the first sample
    /// @param type of `samples.npy`
    /// @return what was written, for people
    List<String> write(double[] values, Shape sample, int[] labels, long first, ElementType type) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UserException("The folder " + folder + " cannot be made: " + e.getMessage() + ".", e);
        }
        long n = labels.length;
        List<String> written = new ArrayList<>();
        long[] shape = {n, sample.dim(0), sample.dim(1), sample.dim(2)};
        Npy.write(file(written, "samples", ".npy"), NpyArray.of(type, shape, values));
        NpyArray classes = NpyArray.of(
                ElementType.I64,
                new long[] {n},
                Arrays.stream(labels).asLongStream().toArray());
        Npy.write(file(written, "labels", ".npy"), classes);
        if (sample.dim(0) != 1 && sample.dim(0) != 3) {
            return written;
        }
        Pixels pixels = Pixels.of(values, sample);
        long[] bytes = new long[pixels.bytes().length];
        Arrays.setAll(bytes, i -> pixels.bytes()[i] & 0xFF);
        long[] pixelShape = {n, pixels.height(), pixels.width(), pixels.channels()};
        Npz.write(
                file(written, "samples", ".npz"),
                Map.of("arr_0", NpyArray.of(ElementType.U8, pixelShape, bytes), "arr_1", classes));
        if (n > 0) {
            png(file(written, "grid", ".png"), pixels.grid());
        }
        for (int i = 0; i < n; i++) {
            png(folder.resolve(String.format(Locale.ROOT, "%06d.png", first + i)), pixels.image(i));
        }
        if (n > 0) {
            written.add(String.format(Locale.ROOT, "%06d.png … %06d.png", first, first + n - 1));
        }
        return written;
    }

    private Path file(List<String> written, String name, String ending) {
        String full = name + suffix + ending;
        written.add(full);
        return folder.resolve(full);
    }

    private static void png(Path file, Pixels p) {
        Png.write(file, p.bytes(), p.height(), p.width(), p.channels());
    }
}

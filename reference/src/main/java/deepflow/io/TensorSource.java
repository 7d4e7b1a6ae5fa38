package deepflow.io;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/// Named tensors in files: one safetensors file, a sharded set, a folder of `.npy` files or a `.npz` file. What is in
/// them has been judged when the source
/// opens; data are read on demand. Reading may be done by several threads at once; every method throws
/// [FormatException] when a file turns out unreadable.
///
/// Files are assumed to stay as they are while open. A thread that is interrupted while it reads closes the file for
/// all (that is how Java's channels are).
public interface TensorSource extends AutoCloseable {
    /// Opens a safetensors file, a sharded set by its `*.safetensors.index.json`, a folder of `.npy` files, or a `.npz`
    /// file by its name.
    ///
    /// @throws FormatException if it is none of them, or breaks a rule of the format
    static TensorSource open(Path path) {
        if (Files.isDirectory(path)) {
            return NpyTensors.folder(path);
        }
        if (path.toString().endsWith(".npz")) {
            return NpyTensors.npz(path);
        }
        return ShardedTensors.isIndex(path) ? ShardedTensors.open(path) : SafetensorsFile.open(path);
    }

    /// The file that was opened, for messages.
    Path path();

    /// All names, in the order in which the data lie on disk.
    Set<String> names();

    /// Type and shape of a tensor.
    ///
    /// @throws FormatException if there is none of that name
    TensorInfo info(String name);

    /// The texts that came with the tensors, sorted by key.
    Map<String, String> metadata();

    /// Reads part of a tensor as doubles, exactly (I64 and U64: rounded to nearest).
    ///
    /// @param name the tensor
    /// @param from index of the first element, in row-major order
    /// @param into receives the elements
    /// @param at where in `into` they begin
    /// @param count how many
    /// @throws IndexOutOfBoundsException if the range is not in the tensor or not in the array
    void readDoubles(String name, long from, double[] into, int at, int count);

    /// Reads part of a tensor as floats, rounded to nearest; parameters as for [#readDoubles].
    void readFloats(String name, long from, float[] into, int at, int count);

    /// Reads part of an integer or BOOL tensor; parameters as for [#readDoubles].
    ///
    /// @throws FormatException for a floating type, and for a U64 beyond 2⁶³−1
    void readLongs(String name, long from, long[] into, int at, int count);

    /// Reads bytes as they are on disk (little endian) into the rest of the buffer.
    ///
    /// @param from the first byte, counted from the begin of the tensor
    void readBytes(String name, long from, ByteBuffer into);

    @Override
    void close();

    /// Whether there is a tensor of that name.
    default boolean contains(String name) {
        return names().contains(name);
    }

    /// The whole tensor in row-major order.
    ///
    /// @throws FormatException if it has more than 2³¹−1 elements or the heap cannot hold it
    default double[] readDoubles(String name) {
        double[] all = arrayFor(name);
        readDoubles(name, 0, all, 0, all.length);
        return all;
    }

    /// An array for the whole tensor as doubles.
    ///
    /// @throws FormatException as for [#readDoubles]
    default double[] arrayFor(String name) {
        return Sizes.allocate(what(name), info(name).elements(), Double.BYTES, double[]::new);
    }

    /// The whole tensor in row-major order, rounded to nearest; errors as for [#readDoubles].
    default float[] readFloats(String name) {
        float[] all = Sizes.allocate(what(name), info(name).elements(), Float.BYTES, float[]::new);
        readFloats(name, 0, all, 0, all.length);
        return all;
    }

    /// The whole integer or BOOL tensor in row-major order; errors as for [#readDoubles].
    default long[] readLongs(String name) {
        long[] all = Sizes.allocate(what(name), info(name).elements(), Long.BYTES, long[]::new);
        readLongs(name, 0, all, 0, all.length);
        return all;
    }

    private String what(String name) {
        return Text.path(path()) + ": the tensor " + Text.quote(name);
    }
}

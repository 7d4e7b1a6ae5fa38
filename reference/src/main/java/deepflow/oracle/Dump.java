package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import deepflow.io.mapping.MappedTensors;
import deepflow.io.mapping.TensorMap;
import deepflow.model.StateDict;
import deepflow.tensor.Shape;
import deepflow.thread.Threads;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One training step in a file: metadata, and tensors by family and name (the format is in `docs/dump-format.md`).
///
/// Wrappers that PyTorch puts around a module are taken off names, so that `grad.module.blocks.0.…` is found as
/// `grad.blocks.0.…`: `module.` at the beginning, `_orig_mod.` anywhere.
public final class Dump implements AutoCloseable {
    private static final String WRAPPER = "module.";
    /// Elementary operations for an element that is read, roughly.
    private static final double READING = 8;

    private final TensorSource source;
    private final StepMetadata metadata;
    /// From our name to the file's.
    private final Map<String, String> names;

    private final Set<Family> families = EnumSet.noneOf(Family.class);

    private Dump(TensorSource source, StepMetadata metadata, Map<String, String> names) {
        this.source = source;
        this.metadata = metadata;
        this.names = names;
        names.keySet().forEach(name -> Family.byName(name).ifPresent(families::add));
    }

    /// Opens a dump and reads its metadata.
    ///
    /// @throws FormatException if it is not one
    public static Dump open(Path path) {
        return open(path, null);
    }

    /// Opens a dump, whatever names and layouts its producer uses.
    ///
    /// @param map what translates them; null if they are ours
    /// @throws FormatException if it is none, or the map does not fit
    public static Dump open(Path path, @Nullable TensorMap map) {
        TensorSource source = TensorSource.open(path);
        try {
            return of(map == null ? source : map.of(source));
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /// The dump that these tensors are; it closes them when it is closed.
    ///
    /// @throws FormatException if they are not one
    static Dump of(TensorSource source) {
        Map<String, String> names = new LinkedHashMap<>();
        for (String name : source.names()) {
            String before = names.put(unwrapped(name), name);
            if (before != null) {
                throw new FormatException(source.path() + ": " + source.info(before) + " and " + source.info(name)
                        + " are the same tensor.");
            }
        }
        return new Dump(source, StepMetadata.read(source.path().toString(), source.metadata()), names);
    }

    private static String unwrapped(String name) {
        Family family = Family.byName(name).orElse(null);
        if (family == null) {
            return name;
        }
        String rest = StateDict.uncompiled(name.substring(family.prefix().length()));
        while (rest.startsWith(WRAPPER)) {
            rest = rest.substring(WRAPPER.length());
        }
        return family.prefix() + rest;
    }

    /// The file.
    public Path path() {
        return source.path();
    }

    /// What it says about itself.
    public StepMetadata metadata() {
        return metadata;
    }

    /// Names of all tensors, in the file's order, which means nothing.
    public Set<String> names() {
        return Collections.unmodifiableSet(names.keySet());
    }

    /// Whether there is a tensor of this name.
    public boolean has(String name) {
        return names.containsKey(name);
    }

    /// Whether there is any tensor of this family.
    public boolean has(Family family) {
        return families.contains(family);
    }

    /// Type and shape of a tensor.
    ///
    /// @throws FormatException if the dump has none of this name
    public TensorInfo info(String name) {
        return source.info(fileName(name));
    }

    /// The elements of a tensor as doubles, exactly.
    ///
    /// @throws FormatException if the dump has none of this name, or the heap cannot hold it
    public double[] read(String name) {
        return source.readDoubles(fileName(name));
    }

    /// The same, read by several threads.
    double[] read(String name, Threads threads) {
        double[] all = source.arrayFor(fileName(name));
        read(name, all, threads);
        return all;
    }

    /// The same, into an array of as many elements.
    void read(String name, double[] into, Threads threads) {
        String inFile = fileName(name);
        threads.split(into.length, READING, 1, (from, to) -> source.readDoubles(inFile, from, into, from, to - from));
    }

    /// Elements [from, from + count), into the beginning of an array. May be called by several threads, but for one
    /// tensor at a time: where a map rearranges tensors, one of them is at hand.
    void read(String name, int from, int count, double[] into) {
        source.readDoubles(fileName(name), from, into, 0, count);
    }

    /// The elements of an integer tensor.
    ///
    /// @throws FormatException if the dump has none of this name, or it is not one of integers
    public long[] readLongs(String name) {
        return source.readLongs(fileName(name));
    }

    /// What a tensor is called in the file, where a map gave it our name: one name, or several that were joined. Empty
    /// where it is the same name.
    public List<String> foreign(String name) {
        String inSource = fileName(name);
        List<String> inFile = source instanceof MappedTensors mapped ? mapped.foreign(inSource) : List.of(inSource);
        return inFile.equals(List.of(name)) ? List.of() : inFile;
    }

    private String fileName(String name) {
        String inFile = names.get(name);
        if (inFile == null) {
            throw new FormatException(path() + ": the dump lacks the tensor " + name + ".");
        }
        return inFile;
    }

    /// Whether a tensor has exactly these extents.
    boolean hasShape(String name, Shape shape) {
        long[] dims = info(name).shape();
        return Arrays.equals(dims, Arrays.stream(shape.dims()).asLongStream().toArray());
    }

    @Override
    public void close() {
        source.close();
    }
}

package deepflow.io;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Tensors as NumPy writes them: a folder of `.npy` files ([NpyFolder] says how files are named), or one `.npz` file.
///
/// What a safetensors file has as metadata is in the folder's `metadata.json`, or in the npz's array `__metadata__`
/// (bytes that are UTF-8): a JSON object. Values may be texts, as in safetensors, or plain JSON, which is kept as text.
/// Its key `types` is for this reader: NumPy has no bfloat16, so that such tensors come as `uint16`, and `types` says
/// which they are: `{"act.*": "BF16"}`, a name or the beginning of names. (Two-byte `V2` arrays, which ml_dtypes
/// writes, are bfloat16 without a word.)
///
/// Arrays of a folder are read when they are asked for, the last one is kept; a npz is read as a whole.
public final class NpyTensors implements TensorSource {
    static final String METADATA = "__metadata__";
    private static final String TYPES = "types";

    private final Path path;
    private final Function<String, NpyArray> reader;
    private final Map<String, TensorInfo> infos = new TreeMap<>();
    private final Map<String, String> metadata = new TreeMap<>();

    private String lastName = "";
    private @Nullable NpyArray last;

    /// @param types type and shape of each array by name
    /// @param json the metadata, or null
    private NpyTensors(
            Path path, Map<String, NpyHeader> types, @Nullable JsonNode json, Function<String, NpyArray> reader) {
        this.path = path;
        this.reader = reader;
        Set<String> bfloats = bfloats(json, types.keySet());
        types.forEach((name, header) -> {
            ElementType type = bfloats.contains(name) ? ElementType.BF16 : header.type();
            if (type != header.type() && header.type() != ElementType.U16) {
                throw new FormatException(what(name) + " is declared " + type + ", but holds " + header.type()
                        + "; only uint16 may be declared bfloat16.");
            }
            long bytes = Sizes.bytes(type, header.shape());
            infos.put(name, new TensorInfo(name, type, header.shape(), 0, bytes));
        });
    }

    /// Opens a folder of `.npy` files.
    ///
    /// @throws FormatException if a file of it is none, or its `metadata.json` is unusable
    public static NpyTensors folder(Path folder) {
        Map<String, Path> files = NpyFolder.files(folder);
        Map<String, NpyHeader> headers = new LinkedHashMap<>();
        files.forEach((name, file) -> headers.put(name, Npy.header(file)));
        return new NpyTensors(
                folder, headers, NpyFolder.metadata(folder), name -> Npy.read(Objects.requireNonNull(files.get(name))));
    }

    /// Opens a `.npz` file.
    ///
    /// @throws FormatException as [Npz#read(Path)], or if its `__metadata__` is unusable
    public static NpyTensors npz(Path file) {
        Map<String, NpyArray> arrays = new LinkedHashMap<>(Npz.read(file));
        NpyArray text = arrays.remove(METADATA);
        if (text != null && text.type() != ElementType.U8) {
            throw new FormatException(Text.path(file) + ": the array " + METADATA + " holds " + text.type()
                    + ", it must be uint8: the bytes of a JSON text.");
        }
        Map<String, NpyHeader> headers = new LinkedHashMap<>();
        arrays.forEach((name, a) -> headers.put(name, new NpyHeader(a.type(), false, false, a.shape())));
        JsonNode json = text == null ? null : JsonTree.utf8(Text.path(file) + ": " + METADATA, text.bytes());
        return new NpyTensors(file, headers, json, name -> Objects.requireNonNull(arrays.get(name)));
    }

    /// Takes the metadata apart: texts into `metadata`; returns the tensors that are declared bfloat16.
    private Set<String> bfloats(@Nullable JsonNode json, Set<String> names) {
        if (json == null) {
            return Set.of();
        }
        if (!json.isObject()) {
            throw new FormatException(Text.path(path) + ": the metadata must be a JSON object.");
        }
        for (Map.Entry<String, JsonNode> e : json.properties()) {
            JsonNode value = e.getValue();
            if (!e.getKey().equals(TYPES)) {
                metadata.put(e.getKey(), value.isString() ? value.stringValue() : value.toString());
            }
        }
        JsonNode types = json.get(TYPES);
        if (types == null) {
            return Set.of();
        }
        if (!types.isObject()) {
            throw bad("must be an object, as in {\"act.*\": \"BF16\"}");
        }
        Set<String> bfloats = new HashSet<>();
        for (Map.Entry<String, JsonNode> e : types.properties()) {
            String pattern = e.getKey();
            if (!e.getValue().isString() || !e.getValue().stringValue().equals(ElementType.BF16.name())) {
                throw bad("has " + JsonTree.describe(e.getValue()) + " for " + Text.quote(pattern)
                        + "; only \"BF16\" needs a word");
            }
            Predicate<String> means = pattern.endsWith("*")
                    ? name -> name.startsWith(pattern.substring(0, pattern.length() - 1))
                    : pattern::equals;
            List<String> meant = names.stream().filter(means).toList();
            if (meant.isEmpty()) {
                throw bad("names " + Text.quote(pattern) + ", and there is no such tensor");
            }
            bfloats.addAll(meant);
        }
        return bfloats;
    }

    private FormatException bad(String problem) {
        return new FormatException(Text.path(path) + ": the key " + TYPES + " of the metadata " + problem + ".");
    }

    private String what(String name) {
        return Text.path(path) + ": the tensor " + Text.quote(name);
    }

    private synchronized NpyArray array(String name) {
        TensorInfo info = info(name);
        if (last == null || !lastName.equals(name)) {
            last = null; // so that two need not fit into memory
            NpyArray read = reader.apply(name).as(info.type());
            if (read.elements() != info.elements()) {
                throw new FormatException(what(name) + " has changed since it was opened.");
            }
            lastName = name;
            last = read;
        }
        return last;
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(infos.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = infos.get(name);
        if (info == null) {
            throw new FormatException(Text.path(path) + " has no tensor " + Text.quote(name) + ".");
        }
        return info;
    }

    @Override
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public void readDoubles(String name, long from, double[] into, int at, int count) {
        Objects.checkFromIndexSize(at, count, into.length);
        NpyArray array = array(name);
        ElementDecoder.doubles(array.type(), array.at(from, count), into, at, count, new Where(what(name), from));
    }

    @Override
    public void readFloats(String name, long from, float[] into, int at, int count) {
        Objects.checkFromIndexSize(at, count, into.length);
        NpyArray array = array(name);
        ElementDecoder.floats(array.type(), array.at(from, count), into, at, count, new Where(what(name), from));
    }

    @Override
    public void readLongs(String name, long from, long[] into, int at, int count) {
        Objects.checkFromIndexSize(at, count, into.length);
        NpyArray array = array(name);
        if (array.type().isFloating()) {
            throw new FormatException(what(name) + " has type " + array.type() + ", which is no integer type.");
        }
        ElementDecoder.longs(array.type(), array.at(from, count), into, at, count, new Where(what(name), from));
    }

    @Override
    public void readBytes(String name, long from, ByteBuffer into) {
        ByteBuffer bytes = array(name).bytes();
        Objects.checkFromIndexSize(from, into.remaining(), bytes.limit());
        into.put(bytes.slice((int) from, into.remaining()));
    }

    @Override
    public void close() {
        // every file was closed when it had been read
    }
}

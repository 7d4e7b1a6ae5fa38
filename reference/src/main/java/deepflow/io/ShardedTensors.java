package deepflow.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Tensors spread over several safetensors files, tied together by an index (`*.safetensors.index.json`) whose
/// `weight_map` gives the file of every tensor.
///
/// All shards are opened and judged at once. Index and shards must agree exactly: a tensor that is missing from its
/// shard, lies in two shards, or is in a shard but not in the index is an error. Shards must lie in the folder of the
/// index or beneath it.
public final class ShardedTensors implements TensorSource {
    private final Path path;
    private final List<SafetensorsFile> shards;
    private final Map<String, SafetensorsFile> shardOf;
    private final Map<String, String> metadata;

    private ShardedTensors(
            Path path, List<SafetensorsFile> shards, Map<String, SafetensorsFile> shardOf, Map<String, String> metadata) {
        this.path = path;
        this.shards = shards;
        this.shardOf = shardOf;
        this.metadata = metadata;
    }

    /// Opens an index and all its shards.
    ///
    /// @throws FormatException if the index or a shard cannot be read, or they do not agree
    public static ShardedTensors open(Path index) {
        ShardIndex read = readIndex(index);
        List<SafetensorsFile> shards = new ArrayList<>();
        boolean opened = false;
        try {
            ShardedTensors set = join(index, read, shards);
            opened = true;
            return set;
        } finally {
            if (!opened) {
                shards.forEach(SafetensorsFile::close);
            }
        }
    }

    /// Whether a path looks like an index: by its name, or by a `{` where safetensors has the length of its header.
    static boolean isIndex(Path path) {
        if (path.toString().endsWith(".json")) {
            return true;
        }
        try (FileChannel channel = RegularFile.open(path)) {
            ByteBuffer start = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            return ChannelStream.fill(channel, start, 0)
                    && start.get(0) == '{'
                    && Long.compareUnsigned(start.getLong(0), SafetensorsFile.LONGEST_HEADER) > 0;
        } catch (IOException e) {
            throw new FormatException(Text.path(path) + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    private static ShardIndex readIndex(Path index) {
        String file = Text.path(index);
        try (FileChannel channel = RegularFile.open(index)) {
            long size = channel.size();
            if (size > SafetensorsFile.LONGEST_HEADER) {
                throw new FormatException(file + " has " + size + " bytes, too many for an index of shards.");
            }
            long broken = ChannelStream.brokenUtf8(channel, 0, size);
            if (broken >= 0) {
                throw new FormatException(file + " is not UTF-8 (byte " + broken + ").");
            }
            try (Reader text = new BufferedReader(
                    new InputStreamReader(new ChannelStream(channel, 0, size), StandardCharsets.UTF_8))) {
                return ShardIndex.read(file, text);
            }
        } catch (IOException e) {
            throw new FormatException(file + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    private static ShardedTensors join(Path index, ShardIndex read, List<SafetensorsFile> shards) {
        String file = Text.path(index);
        Map<String, SafetensorsFile> shardOf = LinkedHashMap.newLinkedHashMap(read.files().size());
        Map<String, String> metadata = new TreeMap<>(read.metadata());
        for (String name : new TreeSet<>(read.files().values())) {
            SafetensorsFile shard = SafetensorsFile.open(index.resolveSibling(name));
            shards.add(shard);
            for (String tensor : shard.names()) {
                String listed = read.files().get(tensor);
                if (listed == null) {
                    throw new FormatException(file + " does not list the tensor " + Text.quote(tensor)
                            + ", which is in its shard " + Text.quote(name) + ".");
                }
                if (!listed.equals(name)) {
                    throw new FormatException(file + " says that the tensor " + Text.quote(tensor) + " is in "
                            + Text.quote(listed) + ", but it is in " + Text.quote(name) + ".");
                }
                shardOf.put(tensor, shard);
            }
            shard.metadata().forEach(metadata::putIfAbsent);
        }
        for (Map.Entry<String, String> entry : read.files().entrySet()) {
            if (!shardOf.containsKey(entry.getKey())) {
                throw new FormatException(file + " says that the tensor " + Text.quote(entry.getKey()) + " is in "
                        + Text.quote(entry.getValue()) + ", but it is not.");
            }
        }
        return new ShardedTensors(
                index, List.copyOf(shards), Collections.unmodifiableMap(shardOf), Collections.unmodifiableMap(metadata));
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return shardOf.keySet();
    }

    /// Type and shape of a tensor; begin and end count from the data section of its shard.
    @Override
    public TensorInfo info(String name) {
        return shard(name).info(name);
    }

    /// The texts of the index, then those of the shards: the first to have a key wins, shards in the order of their names.
    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void readDoubles(String name, long from, double[] into, int at, int count) {
        shard(name).readDoubles(name, from, into, at, count);
    }

    @Override
    public void readFloats(String name, long from, float[] into, int at, int count) {
        shard(name).readFloats(name, from, into, at, count);
    }

    @Override
    public void readLongs(String name, long from, long[] into, int at, int count) {
        shard(name).readLongs(name, from, into, at, count);
    }

    @Override
    public void readBytes(String name, long from, ByteBuffer into) {
        shard(name).readBytes(name, from, into);
    }

    @Override
    public void close() {
        shards.forEach(SafetensorsFile::close);
    }

    private SafetensorsFile shard(String name) {
        SafetensorsFile shard = shardOf.get(name);
        if (shard == null) {
            throw new FormatException(Text.path(path) + " has no tensor " + Text.quote(name) + ".");
        }
        return shard;
    }
}

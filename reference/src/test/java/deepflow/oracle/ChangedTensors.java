package deepflow.oracle;

import deepflow.io.TensorInfo;
import deepflow.io.TensorSource;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The tensors of a file, one of which has other values, or is not there.
///
/// @param source the file
/// @param cache what was read of it
/// @param changed the tensor
/// @param values its values; null when it is not there
record ChangedTensors(TensorSource source, Map<String, double[]> cache, String changed, double @Nullable [] values)
        implements TensorSource {
    static ChangedTensors none(TensorSource source) {
        return new ChangedTensors(source, new HashMap<>(), "", null);
    }

    ChangedTensors with(String name, double @Nullable [] other) {
        return new ChangedTensors(source, cache, name, other);
    }

    @Override
    public Path path() {
        return source.path();
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(source.names());
        if (values == null) {
            names.remove(changed);
        }
        return names;
    }

    @Override
    public TensorInfo info(String name) {
        return source.info(name);
    }

    @Override
    public Map<String, String> metadata() {
        return source.metadata();
    }

    @Override
    public double[] readDoubles(String name) {
        return name.equals(changed) && values != null ? values : cache.computeIfAbsent(name, source::readDoubles);
    }

    @Override
    public void readDoubles(String name, long from, double[] into, int at, int count) {
        System.arraycopy(readDoubles(name), (int) from, into, at, count);
    }

    @Override
    public void readFloats(String name, long from, float[] into, int at, int count) {
        throw new UnsupportedOperationException("judging reads doubles");
    }

    @Override
    public void readLongs(String name, long from, long[] into, int at, int count) {
        source.readLongs(name, from, into, at, count);
    }

    @Override
    public void readBytes(String name, long from, ByteBuffer into) {
        throw new UnsupportedOperationException("judging reads doubles");
    }

    @Override
    public void close() {
        source.close();
    }
}

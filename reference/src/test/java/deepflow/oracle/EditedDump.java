package deepflow.oracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A dump taken apart, to be changed and written again, by a writer of its own that forbids nothing.
public final class EditedDump {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// A tensor as the file has it.
    public record Part(String type, List<Long> shape, byte[] bytes) {}

    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Part> parts = new LinkedHashMap<>();

    /// Reads a file.
    public static EditedDump read(Path file) {
        try {
            byte[] all = Files.readAllBytes(file);
            int length =
                    (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
            EditedDump dump = new EditedDump();
            JsonNode header = JSON.readTree(new String(all, 8, length, StandardCharsets.UTF_8));
            header.properties().forEach(entry -> {
                JsonNode node = entry.getValue();
                if (entry.getKey().equals("__metadata__")) {
                    node.properties()
                            .forEach(e ->
                                    dump.metadata.put(e.getKey(), e.getValue().stringValue()));
                } else {
                    List<Long> shape = new ArrayList<>();
                    node.get("shape").forEach(d -> shape.add(d.longValue()));
                    int begin = 8 + length + node.get("data_offsets").get(0).intValue();
                    int end = 8 + length + node.get("data_offsets").get(1).intValue();
                    dump.parts.put(
                            entry.getKey(),
                            new Part(node.get("dtype").stringValue(), shape, Arrays.copyOfRange(all, begin, end)));
                }
            });
            return dump;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A copy, to be changed on its own.
    public EditedDump copy() {
        EditedDump copy = new EditedDump();
        copy.metadata.putAll(metadata);
        copy.parts.putAll(parts);
        return copy;
    }

    /// Sets a key of the metadata; null takes it away.
    public EditedDump meta(String key, String value) {
        metadata.remove(key);
        if (value != null) {
            metadata.put(key, value);
        }
        return this;
    }

    /// The metadata's value.
    public String meta(String key) {
        return metadata.get(key);
    }

    /// Names of the tensors.
    public List<String> names() {
        return List.copyOf(parts.keySet());
    }

    /// A tensor.
    public Part part(String name) {
        Part part = parts.get(name);
        if (part == null) {
            throw new AssertionError("no tensor " + name);
        }
        return part;
    }

    /// Adds or replaces a tensor.
    public EditedDump put(String name, String type, List<Long> shape, byte[] bytes) {
        parts.put(name, new Part(type, shape, bytes));
        return this;
    }

    /// Adds or replaces an F64 tensor.
    public EditedDump put(String name, List<Long> shape, double... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        return put(name, "F64", shape, bytes.array());
    }

    /// Gives a tensor another name.
    public EditedDump rename(String from, String to) {
        Part part = part(from);
        parts.remove(from);
        parts.put(to, part);
        return this;
    }

    /// Takes away the tensors of these names.
    public EditedDump remove(Predicate<String> names) {
        parts.keySet().removeIf(names);
        return this;
    }

    /// Changes every element of an F32 or F64 tensor, which becomes F64.
    public EditedDump map(String name, DoubleUnaryOperator f) {
        double[] values = values(name);
        Arrays.setAll(values, i -> f.applyAsDouble(values[i]));
        return put(name, part(name).shape(), values);
    }

    /// Changes one element of an F32 or F64 tensor, which becomes F64.
    public EditedDump set(String name, int index, double value) {
        double[] values = values(name);
        values[index] = value;
        return put(name, part(name).shape(), values);
    }

    /// The elements of an F32 or F64 tensor.
    public double[] values(String name) {
        Part part = part(name);
        ByteBuffer bytes = ByteBuffer.wrap(part.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        boolean single = part.type().equals("F32");
        double[] values = new double[part.bytes().length / (single ? 4 : 8)];
        Arrays.setAll(values, i -> single ? bytes.getFloat(4 * i) : bytes.getDouble(8 * i));
        return values;
    }

    /// The JSON header, without its length.
    public String header() {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("__metadata__", metadata);
        long at = 0;
        for (Map.Entry<String, Part> e : parts.entrySet()) {
            long end = at + e.getValue().bytes().length;
            Map<String, Object> info = new LinkedHashMap<>();
            info.put("dtype", e.getValue().type());
            info.put("shape", e.getValue().shape());
            info.put("data_offsets", List.of(at, end));
            header.put(e.getKey(), info);
            at = end;
        }
        return JSON.writeValueAsString(header);
    }

    /// The whole file.
    public byte[] bytes() {
        return bytes(header());
    }

    /// The whole file, under another header.
    public byte[] bytes(String header) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        int size = parts.values().stream().mapToInt(p -> p.bytes().length).sum();
        ByteBuffer file = ByteBuffer.allocate(8 + text.length + size).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length).put(text);
        parts.values().forEach(p -> file.put(p.bytes()));
        return file.array();
    }

    /// Writes the file.
    public Path write(Path file) {
        try {
            return Files.write(file, bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

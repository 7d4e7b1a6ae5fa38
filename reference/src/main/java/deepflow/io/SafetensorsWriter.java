package deepflow.io;

import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// Writes a safetensors file. Tensors are declared first; their data are asked for when their turn comes, so that a file
/// may be larger than memory.
///
/// The order on disk is by element width falling, then by name, whatever the order of declaration; metadata are sorted;
/// the header is padded with blanks to a multiple of 8. So the same input gives the same bytes, and all data are
/// aligned. The file appears as a whole or not at all ([AtomicFile]). Not safe for use by several threads.
public final class SafetensorsWriter {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Comparator<Declared> ORDER = Comparator.comparingInt((Declared d) -> -d.type.width())
            .thenComparing(Declared::name);

    private final Map<String, String> metadata = new TreeMap<>();
    private final Map<String, Declared> tensors = new TreeMap<>();

    /// Gives the elements of one tensor to the sink; called once for every file written.
    @FunctionalInterface
    public interface Producer {
        /// Puts exactly as many elements as the shape has.
        void fill(TensorSink sink);
    }

    private record Declared(String name, ElementType type, long[] shape, long bytes, Producer producer) {}

    /// Adds one text to the metadata, in place of an earlier one of that key.
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(wellFormed(key), wellFormed(value));
        return this;
    }

    /// Declares a tensor.
    ///
    /// @param name unique, not `__metadata__`, possibly empty
    /// @param type the type on disk
    /// @param shape dimensions from 0 on; empty for a scalar
    /// @param producer gives the elements when the file is written
    /// @throws FormatException if the name is taken or not allowed, or the size overflows 63 bits
    public SafetensorsWriter add(String name, ElementType type, long[] shape, Producer producer) {
        wellFormed(name);
        if (name.equals(SafetensorsHeader.METADATA)) {
            throw new FormatException("No tensor may be called " + name + ".");
        }
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new FormatException(
                        "The tensor " + Text.quote(name) + " has the negative dimension " + dimension + ".");
            }
        }
        long bytes = Sizes.bytes(type, shape);
        if (bytes < 0) {
            throw new FormatException("The tensor " + Text.quote(name) + " has a shape whose size overflows 63 bits.");
        }
        if (tensors.putIfAbsent(name, new Declared(name, type, shape.clone(), bytes, producer)) != null) {
            throw new FormatException("The tensor " + Text.quote(name) + " is written twice.");
        }
        return this;
    }

    /// Declares a tensor with its elements, which are read when the file is written.
    public SafetensorsWriter add(String name, ElementType type, long[] shape, double[] values) {
        return add(name, type, shape, sink -> sink.put(values));
    }

    /// Declares a tensor with its elements, which are read when the file is written.
    public SafetensorsWriter add(String name, ElementType type, long[] shape, float[] values) {
        return add(name, type, shape, sink -> sink.put(values));
    }

    /// Declares a tensor with its elements, which are read when the file is written.
    public SafetensorsWriter add(String name, ElementType type, long[] shape, long[] values) {
        return add(name, type, shape, sink -> sink.put(values));
    }

    /// Declares a tensor with its elements, which are read when the file is written.
    public SafetensorsWriter add(String name, ElementType type, long[] shape, int[] values) {
        return add(name, type, shape, sink -> sink.put(values));
    }

    /// Writes the file, in place of what was there.
    ///
    /// @throws FormatException if a producer gives too few or too many elements or some that do not fit, or the file
    ///     cannot be written; what a producer throws comes through. In all these cases the target stays as it was
    public void write(Path target) {
        List<Declared> ordered = tensors.values().stream().sorted(ORDER).toList();
        byte[] header = header(ordered);
        if (header.length > SafetensorsFile.LONGEST_HEADER) {
            throw new FormatException(Text.path(target) + " would have a header of " + header.length
                    + " bytes, more than the " + SafetensorsFile.LONGEST_HEADER + " that safetensors allows.");
        }
        AtomicFile.write(target, channel -> {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeFully(channel, length.putLong(header.length).flip());
            AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
            for (Declared tensor : ordered) {
                String what = Text.path(target) + ": the tensor " + Text.quote(tensor.name);
                TensorSink sink =
                        new TensorSink(channel, what, tensor.type, tensor.bytes / tensor.type.width());
                tensor.producer.fill(sink);
                sink.finish();
            }
        });
    }

    private byte[] header(List<Declared> ordered) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeName(SafetensorsHeader.METADATA).writeStartObject();
                metadata.forEach(json::writeStringProperty);
                json.writeEndObject();
            }
            long begin = 0;
            for (Declared tensor : ordered) {
                long end = addExact(begin, tensor);
                json.writeName(tensor.name).writeStartObject();
                json.writeStringProperty("dtype", tensor.type.name());
                json.writeName("shape").writeArray(tensor.shape, 0, tensor.shape.length);
                json.writeName("data_offsets").writeArray(new long[] {begin, end}, 0, 2);
                json.writeEndObject();
                begin = end;
            }
            json.writeEndObject();
        }
        text.append(" ".repeat(-text.toString().getBytes(StandardCharsets.UTF_8).length & 7));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static long addExact(long begin, Declared tensor) {
        if (begin > Long.MAX_VALUE - tensor.bytes) {
            throw new FormatException("The tensor " + Text.quote(tensor.name) + " makes the file overflow 63 bits.");
        }
        return begin + tensor.bytes;
    }

    private static String wellFormed(String text) {
        if (Text.loneSurrogate(text) >= 0) {
            throw new FormatException("The text " + Text.quote(text) + " has half of a surrogate pair.");
        }
        return text;
    }
}

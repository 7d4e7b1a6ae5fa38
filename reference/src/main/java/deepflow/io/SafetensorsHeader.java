package deepflow.io;

import java.io.Reader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.HashSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonToken;

/// The header of a safetensors file, judged: the tensors cover the data section without holes or overlaps.
///
/// @param metadata sorted by key
/// @param tensors by name, in the order in which their data lies
record SafetensorsHeader(Map<String, String> metadata, Map<String, TensorInfo> tensors) {
    /// The one key that is not a tensor.
    static final String METADATA = "__metadata__";

    /// Reads and judges; takes time and memory in proportion to the header.
    ///
    /// @param file how messages name the file
    /// @param data how many bytes follow the header
    static SafetensorsHeader read(String file, Reader text, long data) {
        try (StrictJson json = new StrictJson(file + ": the header", text)) {
            return new Judge(file, json, data).header();
        }
    }

    /// One pass over the tokens.
    private static final class Judge {
        private final String file;
        private final StrictJson json;
        private final long data;

        Judge(String file, StrictJson json, long data) {
            this.file = file;
            this.json = json;
            this.data = data;
        }

        SafetensorsHeader header() {
            @Nullable Map<String, String> metadata = null;
            Map<String, TensorInfo> tensors = new LinkedHashMap<>();
            json.root();
            for (String key = json.key(); key != null; key = json.key()) {
                if (key.equals(METADATA)) {
                    if (metadata != null) {
                        throw json.duplicate(key);
                    }
                    metadata = metadata(json.next());
                } else if (tensors.containsKey(key)) {
                    throw json.duplicate(key);
                } else {
                    tensors.put(key, tensor(key, json.next()));
                }
            }
            json.end();
            return new SafetensorsHeader(
                    Collections.unmodifiableMap(metadata == null ? new TreeMap<>() : metadata),
                    inOrder(tensors));
        }

        private Map<String, String> metadata(JsonToken first) {
            Map<String, String> map = new TreeMap<>();
            if (first == JsonToken.VALUE_NULL) {
                return map;
            }
            if (first != JsonToken.START_OBJECT) {
                throw json.error("has " + json.describe(first) + " as " + METADATA + ", which must be an object");
            }
            for (String key = json.key(); key != null; key = json.key()) {
                JsonToken value = json.next();
                if (value != JsonToken.VALUE_STRING) {
                    throw json.error("has " + json.describe(value) + " as the metadata " + Text.quote(key)
                            + ", which must be a text (and no tensor may be called " + METADATA + ")");
                }
                if (map.put(key, json.text()) != null) {
                    throw json.duplicate(key);
                }
            }
            return map;
        }

        private TensorInfo tensor(String name, JsonToken first) {
            String of = " for the tensor " + Text.quote(name);
            if (first != JsonToken.START_OBJECT) {
                throw json.error("has " + json.describe(first) + of + ", which must be an object");
            }
            @Nullable ElementType type = null;
            long @Nullable [] shape = null;
            long @Nullable [] offsets = null;
            @Nullable Set<String> others = null;
            for (String key = json.key(); key != null; key = json.key()) {
                JsonToken value = json.next();
                switch (key) {
                    case "dtype" -> {
                        once(type, key, of);
                        type = type(value, of);
                    }
                    case "shape" -> {
                        once(shape, key, of);
                        shape = numbers(value, "dimension", key, of);
                    }
                    case "data_offsets" -> {
                        once(offsets, key, of);
                        offsets = numbers(value, "offset", key, of);
                    }
                    default -> {
                        others = others == null ? new HashSet<>(4) : others;
                        if (!others.add(key)) {
                            throw json.error("has the key " + Text.quote(key) + " twice" + of);
                        }
                        json.skip(value);
                    }
                }
            }
            return judge(
                    name, required(type, "dtype", of), required(shape, "shape", of), required(offsets, "data_offsets", of));
        }

        private void once(@Nullable Object seen, String key, String of) {
            if (seen != null) {
                throw json.error("has " + key + " twice" + of);
            }
        }

        private <T> T required(@Nullable T value, String key, String of) {
            if (value == null) {
                throw json.error("has no " + key + of);
            }
            return value;
        }

        private ElementType type(JsonToken value, String of) {
            if (value != JsonToken.VALUE_STRING) {
                throw json.error("has " + json.describe(value) + " as dtype" + of + ", which must be a text");
            }
            String name = json.text();
            ElementType type = ElementType.byName(name);
            if (type == null) {
                throw json.error(
                        ElementType.isKnownButUnsupported(name)
                                ? "has the dtype " + name + of + ", which is not supported"
                                : "has the unknown dtype " + Text.quote(name) + of);
            }
            return type;
        }

        private long[] numbers(JsonToken first, String each, String key, String of) {
            if (first != JsonToken.START_ARRAY) {
                throw json.error("has " + json.describe(first) + " as " + key + of + ", which must be a list");
            }
            long[] list = new long[4];
            int n = 0;
            for (JsonToken token = json.next(); token != JsonToken.END_ARRAY; token = json.next()) {
                if (n == list.length) {
                    list = Arrays.copyOf(list, 2 * n);
                }
                list[n++] = number(token, each, of);
            }
            return Arrays.copyOf(list, n);
        }

        private long number(JsonToken token, String each, String of) {
            if (token != JsonToken.VALUE_NUMBER_INT) {
                throw json.error("has " + json.describe(token) + " as a " + each + of + ", which must be a whole number");
            }
            String digits = json.text();
            if (digits.startsWith("-")) {
                throw json.error("has the negative " + each + " " + Text.quote(digits) + of);
            }
            try {
                return Long.parseLong(digits);
            } catch (NumberFormatException _) {
                throw json.error("has the " + each + " " + Text.quote(digits) + of + ", more than 2^63 - 1");
            }
        }

        private TensorInfo judge(String name, ElementType type, long[] shape, long[] offsets) {
            String tensor = file + ": the tensor " + Text.quote(name);
            if (offsets.length != 2) {
                throw new FormatException(tensor + " has " + offsets.length + " data_offsets instead of two.");
            }
            long begin = offsets[0];
            long end = offsets[1];
            if (end < begin) {
                throw new FormatException(tensor + " ends (byte " + end + ") before it begins (byte " + begin + ").");
            }
            long size = Sizes.bytes(type, shape);
            if (size < 0) {
                throw new FormatException(tensor + " has a shape whose size overflows 63 bits.");
            }
            if (size != end - begin) {
                throw new FormatException(tensor + " needs " + size + " bytes by its shape and dtype " + type
                        + ", but its data_offsets span " + (end - begin) + ".");
            }
            return new TensorInfo(name, type, shape, begin, end);
        }

        private Map<String, TensorInfo> inOrder(Map<String, TensorInfo> tensors) {
            List<TensorInfo> sorted = new ArrayList<>(tensors.values());
            sorted.sort(Comparator.comparingLong(TensorInfo::begin)
                    .thenComparingLong(TensorInfo::end)
                    .thenComparing(TensorInfo::name));
            Map<String, TensorInfo> map = LinkedHashMap.newLinkedHashMap(sorted.size());
            long covered = 0;
            for (TensorInfo tensor : sorted) {
                if (tensor.begin() != covered) {
                    throw new FormatException(file + ": the tensor " + Text.quote(tensor.name()) + " begins at byte "
                            + tensor.begin() + " of the data, "
                            + (tensor.begin() > covered
                                    ? "which leaves a hole after byte " + covered + "."
                                    : "where it overlaps another that ends at byte " + covered + "."));
                }
                covered = tensor.end();
                map.put(tensor.name(), tensor);
            }
            if (covered != data) {
                throw new FormatException(file + ": the tensors end at byte " + covered + " of the data, but the file has "
                        + data + " bytes of data (it is too " + (covered > data ? "short" : "long") + ").");
            }
            return Collections.unmodifiableMap(map);
        }
    }
}

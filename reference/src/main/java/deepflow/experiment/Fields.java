package deepflow.experiment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The values of a JSON object, asked for by key; what nobody asked for is an error at the end. Every error
/// is an [IllegalArgumentException] whose message is a phrase without full stop.
final class Fields {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final String what;
    private final ObjectNode json;
    private final Set<String> asked = new TreeSet<>();

    Fields(String what, ObjectNode json) {
        this.what = what;
        this.json = json;
    }

    /// An object without fields.
    static ObjectNode empty() {
        return JSON.createObjectNode();
    }

    /// Parses an object.
    static ObjectNode object(String text) {
        try {
            if (JSON.readTree(text) instanceof ObjectNode object) {
                return object;
            }
        } catch (JacksonException e) {
            throw new IllegalArgumentException("it is not valid JSON: " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException("it is not a JSON object");
    }

    /// Two-space indented text, with a newline at the end.
    static String pretty(ObjectNode json) {
        return json.toPrettyString() + "\n";
    }

    boolean has(String key) {
        return json.has(key);
    }

    @Nullable
    JsonNode raw(String key) {
        asked.add(key);
        return json.get(key);
    }

    String text(String key, String usual) {
        JsonNode v = raw(key);
        if (v == null) {
            return usual;
        }
        if (!v.isString()) {
            throw wrong(key, "a text", v);
        }
        return v.stringValue();
    }

    long whole(String key, long usual) {
        JsonNode v = raw(key);
        if (v == null) {
            return usual;
        }
        if (!v.isIntegralNumber() || !v.canConvertToLong()) {
            throw wrong(key, "a whole number", v);
        }
        return v.longValue();
    }

    /// A whole number from 1 to `most`.
    int positive(String key, int usual, int most) {
        long value = whole(key, usual);
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(key + " must be from 1 to " + most + ", got " + value);
        }
        return (int) value;
    }

    boolean flag(String key, boolean usual) {
        JsonNode v = raw(key);
        if (v == null) {
            return usual;
        }
        if (!v.isBoolean()) {
            throw wrong(key, "true or false", v);
        }
        return v.booleanValue();
    }

    double number(String key, double usual) {
        JsonNode v = raw(key);
        return v == null ? usual : number(key, v);
    }

    private static double number(String key, JsonNode v) {
        if (!v.isNumber() || !Double.isFinite(v.doubleValue())) {
            throw wrong(key, "a number", v);
        }
        return v.doubleValue();
    }

    List<Double> numbers(String key, List<Double> usual) {
        JsonNode v = raw(key);
        if (v == null) {
            return usual;
        }
        if (!v.isArray()) {
            throw wrong(key, "a list of numbers", v);
        }
        List<Double> all = new ArrayList<>();
        v.forEach(n -> all.add(number(key, n)));
        return all;
    }

    <E extends Enum<E>> E word(String key, E usual) {
        JsonNode v = raw(key);
        if (v == null) {
            return usual;
        }
        E[] all = usual.getDeclaringClass().getEnumConstants();
        for (E e : all) {
            if (v.isString() && e.name().toLowerCase(Locale.ROOT).equals(v.stringValue())) {
                return e;
            }
        }
        throw wrong(
                key,
                Arrays.stream(all).map(e -> e.name().toLowerCase(Locale.ROOT)).collect(Collectors.joining(" or ")),
                v);
    }

    /// Every key must have been asked for.
    void end() {
        Set<String> unknown = new TreeSet<>(json.propertyNames());
        unknown.removeAll(asked);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("there is no key " + String.join(", ", unknown) + " in "
                    + what.toLowerCase(Locale.ROOT) + "; known are " + String.join(", ", asked));
        }
    }

    private static IllegalArgumentException wrong(String key, String expected, JsonNode got) {
        String shown = got.toString();
        return new IllegalArgumentException(
                key + " must be " + expected + ", got " + (shown.length() > 60 ? shown.substring(0, 60) + "…" : shown));
    }
}

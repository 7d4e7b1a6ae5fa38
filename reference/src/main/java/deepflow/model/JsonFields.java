package deepflow.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// A flat JSON object of integers, booleans, words and lists of integers, read strictly. Every error is an
/// [IllegalArgumentException] whose message is one sentence without full stop.
///
/// It pulls tokens itself instead of asking a [deepflow.io.JsonTree]: its sentences show a number as it was written
/// (`4.0`, `1e999`) and name a key that is there twice, and a tree knows neither.
final class JsonFields {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int LONGEST_NAME = 40;

    /// A value that is none of the kinds above; `shown` says what it is.
    private record Other(String shown) {}

    private final String what;
    private final Map<String, Object> values = new LinkedHashMap<>();

    private JsonFields(String what) {
        this.what = what;
    }

    /// @param what how messages name the object
    /// @param json the text
    /// @param longest most characters that are looked at
    static JsonFields read(String what, String json, int longest) {
        if (json.length() > longest) {
            throw new IllegalArgumentException(
                    what + " has " + json.length() + " characters, more than the " + longest + " allowed");
        }
        JsonFields fields = new JsonFields(what);
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
            fields.object(parser);
        } catch (JacksonException e) {
            throw fields.invalid(e);
        }
        return fields;
    }

    private IllegalArgumentException invalid(JacksonException e) {
        String where = e.getLocation() == null
                ? ""
                : " (line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr() + ")";
        return new IllegalArgumentException(what + " is not valid JSON" + where, e);
    }

    private void object(JsonParser parser) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException(what + " must be a JSON object, as in {\"size\": 32, …}");
        }
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            JsonToken token = parser.nextToken();
            Object value = token == JsonToken.START_ARRAY ? list(parser) : scalar(parser, token);
            if (values.putIfAbsent(key, value) != null) {
                throw new IllegalArgumentException(what + " has the key " + quote(key) + " twice");
            }
        }
        if (parser.nextToken() != null) {
            throw new IllegalArgumentException(what + " has more text behind its closing brace");
        }
    }

    private static Object scalar(JsonParser parser, JsonToken token) {
        return switch (token) {
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(token, parser.getString());
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_STRING -> parser.getString();
            case START_OBJECT -> {
                parser.skipChildren();
                yield new Other("an object");
            }
            default -> new Other("null");
        };
    }

    /// An Integer, or what is wrong with the number.
    private static Object number(JsonToken token, String digits) {
        if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            return new Other(cut(digits));
        }
        try {
            return Integer.valueOf(digits);
        } catch (NumberFormatException _) {
            return new Other(cut(digits) + ", which is out of range");
        }
    }

    /// A list of scalars; deeper lists and objects are skipped.
    private static List<Object> list(JsonParser parser) {
        List<Object> all = new ArrayList<>();
        for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
            if (t == JsonToken.START_ARRAY) {
                parser.skipChildren();
                all.add(new Other("a list"));
            } else {
                all.add(scalar(parser, t));
            }
        }
        return all;
    }

    /// Checks the keys.
    ///
    /// @throws IllegalArgumentException if a required one is missing or one is in neither list; all are named
    void allow(Collection<String> required, Collection<String> optional) {
        List<String> unknown = values.keySet().stream()
                .filter(key -> !required.contains(key) && !optional.contains(key))
                .map(JsonFields::quote)
                .toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(what + " has unknown keys: " + firstTen(unknown));
        }
        List<String> missing = required.stream()
                .filter(key -> !values.containsKey(key))
                .map(JsonFields::quote)
                .toList();
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(what + " lacks " + firstTen(missing));
        }
    }

    private static String firstTen(List<String> names) {
        String shown = names.stream().limit(10).collect(Collectors.joining(", "));
        return names.size() > 10 ? shown + " and " + (names.size() - 10) + " more" : shown;
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    int integer(String key) {
        return values.get(key) instanceof Integer i ? i : wrong(key, "an integer");
    }

    int integer(String key, int usual) {
        return has(key) ? integer(key) : usual;
    }

    boolean flag(String key, boolean usual) {
        if (!has(key)) {
            return usual;
        }
        return values.get(key) instanceof Boolean b ? b : wrong(key, "true or false");
    }

    List<Integer> integers(String key) {
        if (!(values.get(key) instanceof List<?> list)) {
            return wrong(key, "a list of integers");
        }
        List<Integer> all = new ArrayList<>();
        for (Object o : list) {
            all.add(o instanceof Integer i ? i : wrong(key, "a list of integers"));
        }
        return all;
    }

    /// A word that is an enum constant's name in lower case.
    <E extends Enum<E>> E oneOf(String key, E usual) {
        if (!has(key)) {
            return usual;
        }
        E[] all = usual.getDeclaringClass().getEnumConstants();
        for (E e : all) {
            if (word(e).equals(values.get(key))) {
                return e;
            }
        }
        return wrong(key, Arrays.stream(all).map(e -> quote(word(e))).collect(Collectors.joining(" or ")));
    }

    private static String word(Enum<?> e) {
        return e.name().toLowerCase(Locale.ROOT);
    }

    private <T> T wrong(String key, String expected) {
        throw new IllegalArgumentException(
                what + " needs " + expected + " for " + quote(key) + ", got " + shown(values.get(key)));
    }

    private static String shown(@Nullable Object value) {
        return switch (value) {
            case Other o -> o.shown();
            case String s -> quote(s);
            case List<?> list ->
                list.stream()
                        .limit(10)
                        .map(JsonFields::shown)
                        .collect(Collectors.joining(", ", "[", list.size() > 10 ? ", …]" : "]"));
            case null -> "nothing";
            default -> value.toString();
        };
    }

    /// In single quotes, short, and without characters that could forge output.
    static String quote(String text) {
        return quote(text, LONGEST_NAME);
    }

    /// As [#quote(String)], with another length.
    static String quote(String text, int longest) {
        return "'" + cut(text, longest).replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?") + "'";
    }

    private static String cut(String text) {
        return cut(text, LONGEST_NAME);
    }

    private static String cut(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest) + "…";
    }
}

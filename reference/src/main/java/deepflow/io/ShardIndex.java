package deepflow.io;

import java.io.Reader;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonToken;

/// The index of a sharded set, read and judged without looking at the shards.
///
/// @param files the shard of each tensor, in the order of the index
/// @param metadata the texts and numbers of its `metadata`, as texts
record ShardIndex(Map<String, String> files, Map<String, String> metadata) {
    static ShardIndex read(String file, Reader text) {
        try (StrictJson json = new StrictJson(file, text)) {
            json.root();
            @Nullable Map<String, String> files = null;
            Map<String, String> metadata = new TreeMap<>();
            Set<String> seen = new HashSet<>();
            for (String key = json.key(); key != null; key = json.key()) {
                if (!seen.add(key)) {
                    throw json.duplicate(key);
                }
                JsonToken value = json.next();
                switch (key) {
                    case "weight_map" -> files = weightMap(json, value);
                    case "metadata" -> readMetadata(json, value, metadata);
                    default -> json.skip(value);
                }
            }
            json.end();
            if (files == null) {
                throw new FormatException(file + " has no weight_map, so it is not an index of safetensors shards.");
            }
            return new ShardIndex(files, metadata);
        }
    }

    private static Map<String, String> weightMap(StrictJson json, JsonToken first) {
        if (first != JsonToken.START_OBJECT) {
            throw json.error("has " + json.describe(first) + " as weight_map, which must be an object");
        }
        Map<String, String> files = new LinkedHashMap<>();
        for (String key = json.key(); key != null; key = json.key()) {
            JsonToken value = json.next();
            if (value != JsonToken.VALUE_STRING) {
                throw json.error("has " + json.describe(value) + " as the shard of the tensor " + Text.quote(key));
            }
            String shard = json.text();
            if (!staysInside(shard)) {
                throw json.error("puts the tensor " + Text.quote(key) + " into " + Text.quote(shard)
                        + ", which is not a file name inside its folder");
            }
            if (files.put(key, shard) != null) {
                throw json.duplicate(key);
            }
        }
        return files;
    }

    private static void readMetadata(StrictJson json, JsonToken first, Map<String, String> into) {
        if (first != JsonToken.START_OBJECT) {
            json.skip(first);
            return;
        }
        Set<String> seen = new HashSet<>();
        for (String key = json.key(); key != null; key = json.key()) {
            if (!seen.add(key)) {
                throw json.duplicate(key);
            }
            JsonToken value = json.next();
            if (value.isScalarValue() && value != JsonToken.VALUE_NULL) {
                into.put(key, json.text());
            } else {
                json.skip(value);
            }
        }
    }

    /// A relative path of plain names, without a way up, in any system's spelling.
    static boolean staysInside(String name) {
        if (name.isEmpty() || name.indexOf('\\') >= 0 || name.indexOf(':') >= 0 || name.chars().anyMatch(c -> c < ' ')) {
            return false;
        }
        for (String part : name.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return false;
            }
        }
        return true;
    }
}

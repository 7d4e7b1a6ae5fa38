package deepflow.oracle;

import deepflow.io.FormatException;
import deepflow.io.JsonTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/// Reads the small JSON texts in a dump's metadata: strict, and with errors that name the key.
final class MetadataJson {
    private MetadataJson() {}

    /// A JSON list of finite numbers.
    static List<Double> numbers(String what, String text) {
        JsonNode node = JsonTree.parse(what, text);
        if (!node.isArray()) {
            throw new FormatException(what + " must be a JSON list of numbers.");
        }
        List<Double> numbers = new ArrayList<>();
        for (JsonNode element : node) {
            numbers.add(number(what, element));
        }
        return numbers;
    }

    /// A JSON object, each of whose values is a finite number, except the string `name`.
    static Map<String, JsonNode> object(String what, String text) {
        JsonNode node = JsonTree.parse(what, text);
        if (!node.isObject()) {
            throw new FormatException(what + " must be a JSON object.");
        }
        Map<String, JsonNode> fields = new TreeMap<>();
        node.properties().forEach(e -> fields.put(e.getKey(), e.getValue()));
        return fields;
    }

    /// A finite number.
    static double number(String what, JsonNode node) {
        double value = node.isNumber() ? node.doubleValue() : Double.NaN;
        if (!Double.isFinite(value)) {
            throw new FormatException(what + " must hold finite numbers.");
        }
        return value;
    }

    /// A finite number written as text.
    static double number(String what, String text) {
        return number(what, JsonTree.parse(what, text));
    }
}

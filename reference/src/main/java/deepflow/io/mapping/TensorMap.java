package deepflow.io.mapping;

import deepflow.io.FormatException;
import deepflow.io.JsonTree;
import deepflow.io.TensorSource;
import deepflow.io.Text;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A map file: how the names and layouts of another program become ours (docs/recipes.md has the format and a complete
/// example).
///
/// @param file for messages
/// @param metadata what is added to the file's own
/// @param renames parts of names and what replaces them, in order
/// @param rules for whole names; the first that fits counts
public record TensorMap(Path file, Map<String, String> metadata, List<Rename> renames, List<Rule> rules) {
    private static final Set<String> KEYS = Set.of("comment", "metadata", "rename", "tensors");
    private static final Set<String> RULE_KEYS =
            Set.of("comment", "from", "to", "layout", "sizes", "join", "split", "factor", "drop");
    /// More are no map that somebody wrote.
    private static final int MOST = 10_000;

    /// A part of names, and what replaces it wherever it stands.
    record Rename(NamePattern from, NamePattern to) {}

    /// Reads a map file.
    ///
    /// @throws FormatException if it cannot be read, or is not one; the sentence names the key
    public static TensorMap read(Path file) {
        return new Reader(file).map(JsonTree.read(file));
    }

    /// The tensors of a source, in our names and layouts; closing them closes the source.
    ///
    /// @throws FormatException if a rule does not fit its tensors, or two make the same tensor
    public MappedTensors of(TensorSource source) {
        return new MappedTensors(source, this);
    }

    /// Where in the file something was found, for messages.
    private record Reader(Path file) {
        TensorMap map(JsonNode root) {
            object("the map", root, KEYS);
            Map<String, String> metadata = new TreeMap<>();
            JsonNode given = root.get("metadata");
            if (given != null) {
                object("metadata", given, null);
                given.properties()
                        .forEach(e -> metadata.put(
                                e.getKey(),
                                e.getValue().isString()
                                        ? e.getValue().stringValue()
                                        : e.getValue().toString()));
            }
            List<Rename> renames = new ArrayList<>();
            for (JsonNode pair : list("rename", root.get("rename"))) {
                renames.add(rename("rename " + (renames.size() + 1), pair));
            }
            List<Rule> rules = new ArrayList<>();
            for (JsonNode rule : list("tensors", root.get("tensors"))) {
                rules.add(rule("tensors " + (rules.size() + 1), rule));
            }
            return new TensorMap(file, metadata, List.copyOf(renames), List.copyOf(rules));
        }

        private Rename rename(String key, JsonNode pair) {
            if (!pair.isArray() || pair.size() != 2) {
                throw error(key, "must be a list of two texts, as in [\"blocks_{i}\", \"blocks.{i}\"]");
            }
            NamePattern from = source(key, pair.get(0));
            NamePattern to = pattern(key, pair.get(1));
            if (from.wild() || from.toString().isEmpty() || from.toString().equals("^")) {
                throw error(key, "must say which part of a name it replaces: no {text*} and not empty");
            }
            phrase(key, () -> {
                from.mustFill(to);
                return to;
            });
            return new Rename(from, to);
        }

        private Rule rule(String key, JsonNode rule) {
            object(key, rule, RULE_KEYS);
            List<NamePattern> from = new ArrayList<>();
            for (JsonNode one : oneOrMore(key, "from", rule)) {
                from.add(source(key + ", from", one));
            }
            if (from.stream().anyMatch(p -> !p.capturesAs(from.getFirst()))) {
                throw error(key + ", from", "must capture the same in each of its names");
            }
            boolean drop = flag(key + ", drop", rule.get("drop"));
            List<NamePattern> to = new ArrayList<>();
            if (drop) {
                if (rule.has("to") || rule.has("layout") || rule.has("factor")) {
                    throw error(key, "drops its tensors, and so has nothing else to do with them");
                }
                return new Rule(from, to, null, 0, 1);
            }
            for (JsonNode one : oneOrMore(key, "to", rule)) {
                NamePattern target = pattern(key + ", to", one);
                phrase(key + ", to", () -> {
                    from.getFirst().mustFill(target);
                    return target;
                });
                to.add(target);
            }
            if (from.size() > 1 && to.size() > 1) {
                throw error(key, "joins and splits: use two rules' worth of names, or one of both");
            }
            return new Rule(from, to, layout(key, rule), axis(key, rule, from.size(), to.size()), factor(key, rule));
        }

        private int axis(String key, JsonNode rule, int from, int to) {
            String name = from > 1 ? "join" : "split";
            if (rule.has("join") && from == 1 || rule.has("split") && to == 1) {
                throw error(key, "joins or splits, and so needs a list of names");
            }
            if (from == 1 && to == 1) {
                return 0;
            }
            JsonNode axis = rule.get(name);
            if (axis == null || !axis.isInt() || Math.abs((long) axis.intValue()) > 64) {
                throw error(key + ", " + name, "must be the number of an axis (from 0, or from -1 for the last)");
            }
            return axis.intValue();
        }

        private double factor(String key, JsonNode rule) {
            JsonNode factor = rule.get("factor");
            if (factor == null) {
                return 1;
            }
            double value = factor.isNumber() ? factor.doubleValue() : Double.NaN;
            if (!Double.isFinite(value) || value == 0) {
                throw error(key + ", factor", "must be a finite number other than 0");
            }
            return value;
        }

        private @Nullable Layout layout(String key, JsonNode rule) {
            JsonNode text = rule.get("layout");
            Map<String, Integer> sizes = new TreeMap<>();
            if (rule.has("sizes")) {
                object(key + ", sizes", rule.get("sizes"), null);
                for (Map.Entry<String, JsonNode> e : rule.get("sizes").properties()) {
                    JsonNode size = e.getValue();
                    if (!size.isInt() || size.intValue() < 1) {
                        throw error(key + ", sizes", "must be whole numbers from 1");
                    }
                    sizes.put(e.getKey(), size.intValue());
                }
            }
            if (text == null) {
                if (!sizes.isEmpty()) {
                    throw error(key, "has sizes but no layout");
                }
                return null;
            }
            String arrow = text(key + ", layout", text);
            return phrase(key + ", layout", () -> Layout.parse(arrow, sizes));
        }

        private List<JsonNode> oneOrMore(String key, String name, JsonNode rule) {
            JsonNode value = rule.get(name);
            if (value == null) {
                throw error(key, "lacks \"" + name + "\"");
            }
            if (!value.isArray()) {
                return List.of(value);
            }
            if (value.isEmpty()) {
                throw error(key + ", " + name, "is empty");
            }
            return list(key + ", " + name, value);
        }

        /// A pattern that names are held against.
        private NamePattern source(String key, JsonNode node) {
            NamePattern pattern = pattern(key, node);
            if (pattern.shifts()) {
                throw error(key, "shifts a number in a name to look for; only a name to make can");
            }
            return pattern;
        }

        private NamePattern pattern(String key, JsonNode node) {
            String text = text(key, node);
            return phrase(key, () -> new NamePattern(text));
        }

        private interface Parse<T> {
            T get();
        }

        /// What a parser says in a phrase becomes a sentence.
        private <T> T phrase(String key, Parse<T> parse) {
            try {
                return parse.get();
            } catch (IllegalArgumentException e) {
                throw error(key, String.valueOf(e.getMessage()));
            }
        }

        private String text(String key, JsonNode node) {
            if (!node.isString() || node.stringValue().length() > 1000) {
                throw error(key, "must be a text of at most 1000 characters, got " + JsonTree.describe(node));
            }
            return node.stringValue();
        }

        private boolean flag(String key, @Nullable JsonNode node) {
            if (node != null && !node.isBoolean()) {
                throw error(key, "must be true or false");
            }
            return node != null && node.booleanValue();
        }

        private List<JsonNode> list(String key, @Nullable JsonNode node) {
            if (node == null) {
                return List.of();
            }
            if (!node.isArray() || node.size() > MOST) {
                throw error(key, "must be a list of at most " + MOST + " entries");
            }
            List<JsonNode> all = new ArrayList<>();
            node.forEach(all::add);
            return all;
        }

        private void object(String key, JsonNode node, @Nullable Set<String> keys) {
            if (!node.isObject()) {
                throw error(key, "must be a JSON object");
            }
            for (Map.Entry<String, JsonNode> e : node.properties()) {
                if (keys != null && !keys.contains(e.getKey())) {
                    throw error(
                            key,
                            "has the unknown key " + Text.quote(e.getKey()) + "; there are "
                                    + String.join(", ", keys.stream().sorted().toList()));
                }
            }
        }

        private FormatException error(String key, String problem) {
            return new FormatException(Text.path(file) + ": " + key + " " + problem + ".");
        }
    }
}

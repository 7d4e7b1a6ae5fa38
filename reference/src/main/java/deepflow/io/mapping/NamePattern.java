package deepflow.io.mapping;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A name with holes: `{i}` is a whole number of up to nine digits, `{m*}` any text that is not empty, at most one of
/// them
/// in a pattern. Used as a target, `{i}` and `{m}` are filled in again; `{i+1}` and `{i-1}` shift a number.
///
/// Matching takes time that is linear in the name's length for a fixed pattern.
final class NamePattern {
    private static final Pattern HOLE = Pattern.compile("\\{([a-z][a-z0-9_]*)(\\*|[+-][0-9]{1,9})?\\}");

    private final String text;
    private final List<String> captures = new ArrayList<>();
    private final Pattern regex;
    private final boolean wild;
    private final boolean shifts;

    /// @throws IllegalArgumentException for braces that are no hole, two texts, or a capture that occurs twice; the
    ///     message is a phrase
    NamePattern(String text) {
        this.text = text;
        boolean anchored = text.startsWith("^");
        StringBuilder expression = new StringBuilder(anchored ? "^" : "");
        int from = anchored ? 1 : 0;
        boolean any = false;
        boolean shifted = false;
        Matcher hole = HOLE.matcher(text);
        while (hole.find()) {
            literal(expression, text.substring(from, hole.start()));
            String how = Objects.requireNonNullElse(hole.group(2), "");
            if (captures.contains(hole.group(1))) {
                throw new IllegalArgumentException("has {" + hole.group(1) + "} twice");
            }
            if (how.equals("*") && any) {
                throw new IllegalArgumentException("has two captures of any text");
            }
            any |= how.equals("*");
            shifted |= how.length() > 1;
            captures.add(hole.group(1));
            expression.append(how.equals("*") ? "(.+)" : "([0-9]{1,9})");
            from = hole.end();
        }
        literal(expression, text.substring(from));
        regex = Pattern.compile(expression.toString(), Pattern.DOTALL);
        wild = any;
        shifts = shifted;
    }

    private static void literal(StringBuilder expression, String text) {
        if (text.indexOf('{') >= 0 || text.indexOf('}') >= 0) {
            throw new IllegalArgumentException("has a brace that is no {number} and no {text*}");
        }
        if (!text.isEmpty()) {
            expression.append(Pattern.quote(text));
        }
    }

    /// Whether a whole name fits, and what its holes hold; null if it does not.
    @Nullable
    Map<String, String> match(String name) {
        Matcher m = regex.matcher(name);
        return m.matches() ? held(m) : null;
    }

    private Map<String, String> held(Matcher m) {
        Map<String, String> held = new LinkedHashMap<>();
        for (int i = 0; i < captures.size(); i++) {
            held.put(captures.get(i), m.group(i + 1));
        }
        return held;
    }

    /// Replaces every part of a name that fits (with `^`, only at its beginning).
    String replace(String name, NamePattern by) {
        Matcher m = regex.matcher(name);
        StringBuilder result = new StringBuilder();
        while (m.find()) {
            m.appendReplacement(result, Matcher.quoteReplacement(by.fill(held(m))));
        }
        return m.appendTail(result).toString();
    }

    /// The name that these captures make.
    ///
    /// @throws IllegalArgumentException if a shifted number becomes negative; the message is a phrase
    String fill(Map<String, String> held) {
        return HOLE.matcher(text).replaceAll(m -> {
            String value = Objects.requireNonNull(held.get(m.group(1)));
            String how = m.group(2);
            if (how == null || how.equals("*")) {
                return Matcher.quoteReplacement(value);
            }
            long shifted = Long.parseLong(value) + Long.parseLong(how);
            if (shifted < 0) {
                throw new IllegalArgumentException("makes the number " + shifted + " of " + value);
            }
            return Long.toString(shifted);
        });
    }

    /// Checks that a target has no hole that this pattern does not fill, and shifts numbers alone.
    ///
    /// @throws IllegalArgumentException otherwise; the message is a phrase
    void mustFill(NamePattern target) {
        for (String capture : target.captures) {
            if (!captures.contains(capture)) {
                throw new IllegalArgumentException("has {" + capture + "}, which \"" + text + "\" does not capture");
            }
        }
        Matcher hole = HOLE.matcher(target.text);
        while (hole.find()) {
            boolean shift = hole.group(2) != null && !hole.group(2).equals("*");
            if (shift && text.contains("{" + hole.group(1) + "*}")) {
                throw new IllegalArgumentException("shifts {" + hole.group(1) + "}, which is no number");
            }
        }
    }

    /// The same captures, in any order?
    boolean capturesAs(NamePattern other) {
        return new TreeSet<>(captures).equals(new TreeSet<>(other.captures));
    }

    /// Whether it has a capture of any text.
    boolean wild() {
        return wild;
    }

    /// Whether it shifts a number, which only a target may.
    boolean shifts() {
        return shifts;
    }

    @Override
    public String toString() {
        return text;
    }
}

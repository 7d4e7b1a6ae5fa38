package deepflow.io;

import java.io.Reader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;

/// Pulls tokens out of JSON that nobody vouches for: standard JSON only, nesting at most 128 deep, no lone surrogates,
/// no duplicate keys. Takes characters, not bytes, so that no other encoding is guessed.
///
/// For the large ones, headers of up to 10⁸ characters, of which no tree is built; small ones are a [JsonTree].
final class StrictJson implements AutoCloseable {
    private static final int DEEPEST = 128;
    private static final int LONGEST = 100_000_000;
    private static final JsonFactory FACTORY = JsonFactory.builder()
            // A symbol table would throw on names made to collide, and keep them.
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxNameLength(LONGEST)
                    .maxStringLength(LONGEST)
                    .build())
            .build();

    private final String what;
    private final JsonParser parser;

    /// @param what file and part, for messages: `x.safetensors: the header`
    StrictJson(String what, Reader text) {
        this.what = what;
        this.parser = FACTORY.createParser(ObjectReadContext.empty(), text);
    }

    /// The next token; the text must not have ended.
    JsonToken next() {
        JsonToken token = advance();
        if (token == null) {
            throw new FormatException(what + " is not valid JSON: it ends too early.");
        }
        return token;
    }

    /// Enters the object at the root.
    void root() {
        JsonToken token = next();
        if (token != JsonToken.START_OBJECT) {
            throw error("must be a JSON object, but begins with " + describe(token));
        }
    }

    /// The next key of the object that the parser is in, or null at its end.
    @Nullable
    String key() {
        JsonToken token = next();
        if (token == JsonToken.END_OBJECT) {
            return null;
        }
        String name = parser.currentName();
        wellFormed(name);
        return name;
    }

    /// The text of the string or number at hand.
    String text() {
        try {
            String text = parser.getString();
            wellFormed(text);
            return text;
        } catch (JacksonException e) {
            throw broken(e);
        }
    }

    /// Passes over the value that begins with the token, and checks it on the way.
    void skip(JsonToken first) {
        Deque<Set<String>> open = new ArrayDeque<>();
        JsonToken token = first;
        while (true) {
            switch (token) {
                case START_OBJECT, START_ARRAY -> open.push(new HashSet<>(2));
                case END_OBJECT, END_ARRAY -> open.pop();
                case PROPERTY_NAME -> {
                    String name = parser.currentName();
                    wellFormed(name);
                    if (!open.element().add(name)) {
                        throw duplicate(name);
                    }
                }
                case VALUE_STRING -> text();
                default -> {}
            }
            if (open.isEmpty()) {
                return;
            }
            token = next();
        }
    }

    /// Only blanks may follow.
    void end() {
        JsonToken token = advance();
        if (token != null) {
            throw error("goes on after the end of its JSON object, with " + describe(token));
        }
    }

    FormatException duplicate(String name) {
        return error("has the key " + Text.quote(name) + " twice");
    }

    /// An error with the place where it was found.
    FormatException error(String problem) {
        return new FormatException(
                what + " " + problem + place(parser.currentLocation().getCharOffset()) + ".");
    }

    /// What a token is, in words.
    String describe(JsonToken token) {
        return switch (token) {
            case START_OBJECT, END_OBJECT -> "an object";
            case START_ARRAY, END_ARRAY -> "a list";
            case VALUE_STRING -> "the text " + Text.quote(text());
            case PROPERTY_NAME -> "a key";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + Text.quote(text());
            case VALUE_TRUE -> "true";
            case VALUE_FALSE -> "false";
            case VALUE_NULL -> "null";
            default -> token.name();
        };
    }

    @Override
    public void close() {
        parser.close();
    }

    private @Nullable JsonToken advance() {
        try {
            return parser.nextToken();
        } catch (JacksonException e) {
            throw broken(e);
        }
    }

    private void wellFormed(String text) {
        if (Text.loneSurrogate(text) >= 0) {
            throw error("has half of a surrogate pair in the text " + Text.quote(text));
        }
    }

    private FormatException broken(JacksonException e) {
        String reason = switch (e) {
            case StreamConstraintsException _ -> "it nests deeper than " + DEEPEST + " or has an endless number";
            case UnexpectedEndOfInputException _ -> "it ends too early";
            default -> firstSentence(e.getOriginalMessage());
        };
        long offset = e.getLocation() == null ? -1 : e.getLocation().getCharOffset();
        return new FormatException(what + " is not valid JSON: " + reason + place(offset) + ".", e);
    }

    private static String place(long offset) {
        return offset < 0 ? "" : " (character " + offset + " of it)";
    }

    private static String firstSentence(String message) {
        String line = message.strip();
        int end = line.indexOf('\n');
        line = end < 0 ? line : line.substring(0, end);
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }
}

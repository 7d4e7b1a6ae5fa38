package deepflow.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Small JSON texts that nobody vouches for, as a tree: standard JSON only, no duplicate keys, nothing behind the
/// value,
/// at most [#LONGEST] characters. Large ones are pulled token by token ([StrictJson]).
public final class JsonTree {
    /// Most characters of a text.
    public static final int LONGEST = 1 << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonTree() {}

    /// Reads a UTF-8 file.
    ///
    /// @throws FormatException if it cannot be read, or is no such JSON
    public static JsonNode read(Path file) {
        String what = Text.path(file);
        try (FileChannel channel = RegularFile.open(file)) {
            if (channel.size() > LONGEST) {
                throw new FormatException(what + " has " + channel.size() + " bytes, more than the " + LONGEST
                        + " that a JSON file may have here.");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) channel.size());
            ChannelStream.fill(channel, bytes, 0);
            return utf8(what, bytes.flip());
        } catch (IOException e) {
            throw new FormatException(what + " cannot be read: " + Text.reason(e) + ".", e);
        }
    }

    /// Parses a text in UTF-8.
    ///
    /// @param what file and part, the beginning of messages
    static JsonNode utf8(String what, ByteBuffer bytes) {
        try {
            return parse(what, StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
        } catch (CharacterCodingException e) {
            throw new FormatException(what + " is not UTF-8.", e);
        }
    }

    /// Parses a text.
    ///
    /// @param what file and part, the beginning of messages
    /// @throws FormatException if it is no such JSON
    public static JsonNode parse(String what, String text) {
        if (text.length() > LONGEST) {
            throw new FormatException(
                    what + " is " + text.length() + " characters long, more than the " + LONGEST + " allowed.");
        }
        try {
            JsonNode node = MAPPER.readTree(text);
            if (node == null || node.isMissingNode()) {
                throw new FormatException(what + " is empty.");
            }
            return node;
        } catch (JacksonException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " (line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")";
            throw new FormatException(what + " is not valid JSON" + where + ".", e);
        }
    }

    /// What a value is, in a few words, for messages.
    public static String describe(JsonNode node) {
        if (node.isObject()) {
            return "an object";
        }
        return node.isArray() ? "a list" : Text.quote(node.isString() ? node.stringValue() : node.toString());
    }
}

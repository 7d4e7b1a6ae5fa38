package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Files made by hand, so that the reader is not judged by the writer.
final class Raw {
    private Raw() {}

    static byte[] safetensors(byte[] header, int data) {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + data).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        for (int i = 0; i < data; i++) {
            file.put((byte) i);
        }
        return file.array();
    }

    static byte[] safetensors(String header, int data) {
        return safetensors(header.getBytes(StandardCharsets.UTF_8), data);
    }

    static byte[] npy(int version, String header, byte[] data) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer length =
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(text.length);
        out.write(length.array(), 0, version == 1 ? 2 : 4);
        out.writeBytes(text);
        out.writeBytes(data);
        return out.toByteArray();
    }

    static Path put(Path folder, String name, byte[] content) {
        try {
            return Files.write(folder.resolve(name), content);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// Runs it, which must end in one printable sentence with these words; returns the sentence.
    static String fails(Runnable action, String... words) {
        String message = assertThrows(FormatException.class, action::run).getMessage();
        oneSentence(message);
        for (String word : words) {
            assertTrue(message.contains(word), () -> "no \"" + word + "\" in: " + message);
        }
        return message;
    }

    static void oneSentence(String message) {
        assertTrue(message.endsWith(".") || message.endsWith("\")"), message);
        assertTrue(message.length() < 1000, message);
        assertFalse(message.chars().anyMatch(Character::isISOControl), message);
    }

    static List<String> names(Path folder) {
        try (var list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

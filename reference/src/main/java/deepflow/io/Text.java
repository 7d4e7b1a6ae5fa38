package deepflow.io;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How names, paths and causes appear in messages: on one line, printable, and not longer than a line can bear.
public final class Text {
    private static final int LONGEST_NAME = 80;
    private static final int LONGEST_PATH = 400;

    private Text() {}

    /// A name in double quotes: truncated to 80 characters, control characters escaped.
    public static String quote(String name) {
        return '"' + printable(cut(name, LONGEST_NAME)) + '"';
    }

    /// A path for the beginning of a message.
    public static String path(Path path) {
        return printable(cut(path.toString(), LONGEST_PATH));
    }

    /// Escapes everything that is not a visible character or a blank.
    public static String printable(String text) {
        int i = 0;
        while (i < text.length() && plain(text.charAt(i))) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, i);
        while (i < text.length()) {
            int c = text.codePointAt(i);
            if (visible(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format(Locale.ROOT, c <= 0xFFFF ? "\\u%04x" : "\\u{%x}", c));
            }
            i += Character.charCount(c);
        }
        return out.toString();
    }

    /// Why an input/output operation failed, in a few words.
    static String reason(Throwable e) {
        return switch (e) {
            case NoSuchFileException _ -> "there is no such file or folder";
            case AccessDeniedException _ -> "access is denied";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> orElse(e.getMessage(), e.getClass().getSimpleName());
        };
    }

    /// Where the first lone surrogate of a text is, or -1 when the text is well-formed.
    static int loneSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean pair = Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    return i;
                }
                i++;
            }
        }
        return -1;
    }

    private static String orElse(@Nullable String text, String other) {
        return text == null ? other : text;
    }

    private static String cut(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(longest - 1)) ? longest - 1 : longest;
        return text.substring(0, end) + "… (" + text.length() + " characters)";
    }

    private static boolean plain(char c) {
        return c >= ' ' && c < 0x7F;
    }

    private static boolean visible(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}

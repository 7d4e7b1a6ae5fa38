package deepflow.io;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The header of an npy file: a Python dictionary of exactly `descr`, `fortran_order` and `shape`, read by a grammar of
/// its own rather than as Python. Both quotes, any order of keys and a comma at the end are allowed, as NumPy allows
/// them.
///
/// @param type the type of the elements
/// @param bigEndian whether their bytes are turned around
/// @param fortran whether the first index runs fastest
/// @param shape the dimensions
record NpyHeader(ElementType type, boolean bigEndian, boolean fortran, long[] shape) {
    /// As NumPy's own limit.
    static final int LONGEST = 10_000;

    private static final int MOST_DIMENSIONS = 64;

    static NpyHeader parse(String what, String text) {
        return new Parser(what, text).header();
    }

    /// The header of version 1 with magic and padding to a multiple of 64, as NumPy writes it.
    static byte[] write(ElementType type, long[] shape) {
        StringBuilder text =
                new StringBuilder("{'descr': '").append(descr(type)).append("', 'fortran_order': False, 'shape': (");
        for (int i = 0; i < shape.length; i++) {
            text.append(i == 0 ? "" : ", ").append(shape[i]);
        }
        text.append(shape.length == 1 ? ",), }" : "), }");
        int prefix = Npy.MAGIC.length() + 4;
        int length = (prefix + text.length() + 1 + 63) / 64 * 64 - prefix;
        text.append(" ".repeat(length - text.length() - 1)).append('\n');
        if (length > LONGEST) {
            throw new FormatException("The array has " + shape.length + " dimensions, too many for a npy file.");
        }
        String start = Npy.MAGIC + "\u0001\0" + (char) (length & 0xFF) + (char) (length >> 8);
        return (start + text).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String descr(ElementType type) {
        return switch (type) {
            case BOOL -> "|b1";
            case U8 -> "|u1";
            case I8 -> "|i1";
            case U16 -> "<u2";
            case I16 -> "<i2";
            case F16 -> "<f2";
            case U32 -> "<u4";
            case I32 -> "<i4";
            case F32 -> "<f4";
            case U64 -> "<u8";
            case I64 -> "<i8";
            case F64 -> "<f8";
            case BF16 -> throw new FormatException("NumPy has no BF16: write F32 instead.");
        };
    }

    private static @Nullable ElementType type(String kindAndSize) {
        return switch (kindAndSize) {
            case "b1" -> ElementType.BOOL;
            case "V2" -> ElementType.BF16; // what NumPy makes of ml_dtypes' bfloat16, having none
            case "u1" -> ElementType.U8;
            case "i1" -> ElementType.I8;
            case "u2" -> ElementType.U16;
            case "i2" -> ElementType.I16;
            case "f2" -> ElementType.F16;
            case "u4" -> ElementType.U32;
            case "i4" -> ElementType.I32;
            case "f4" -> ElementType.F32;
            case "u8" -> ElementType.U64;
            case "i8" -> ElementType.I64;
            case "f8" -> ElementType.F64;
            default -> null;
        };
    }

    private static final class Parser {
        private final String what;
        private final String text;
        private int at;

        Parser(String what, String text) {
            this.what = what;
            this.text = text;
        }

        NpyHeader header() {
            Set<String> seen = new HashSet<>();
            @Nullable ElementType type = null;
            boolean bigEndian = false;
            boolean fortran = false;
            long[] shape = {};
            expect('{');
            while (!accept('}')) {
                String key = string("a key");
                if (!seen.add(key)) {
                    throw error("has the key " + Text.quote(key) + " twice");
                }
                expect(':');
                switch (key) {
                    case "descr" -> {
                        if (peek() == '[') {
                            throw error("describes records (a structured dtype), which are not supported");
                        }
                        String descr = string("descr");
                        type = element(descr);
                        bigEndian = descr.charAt(0) == '>';
                    }
                    case "fortran_order" -> fortran = bool();
                    case "shape" -> shape = tuple();
                    default -> throw error("has the unknown key " + Text.quote(key));
                }
                if (!accept(',')) {
                    expect('}');
                    break;
                }
            }
            blanks();
            if (at < text.length()) {
                throw error("goes on after its dictionary");
            }
            if (type == null || seen.size() != 3) {
                throw error("lacks one of the keys descr, fortran_order and shape");
            }
            return new NpyHeader(type, bigEndian, fortran, shape);
        }

        private ElementType element(String descr) {
            char order = descr.isEmpty() ? '?' : descr.charAt(0);
            String kind = descr.isEmpty() ? "" : descr.substring(1);
            if (kind.startsWith("O")) {
                throw error("describes Python objects, which are not read since they can run code");
            }
            ElementType type = order == '<' || order == '>' || order == '|' ? type(kind) : null;
            boolean unordered = order == '|' && type != ElementType.BF16;
            if (type == null || unordered && type.width() > 1) {
                throw error("has the dtype " + Text.quote(descr) + ", which is not supported");
            }
            return type;
        }

        private long[] tuple() {
            expect('(');
            long[] list = new long[MOST_DIMENSIONS];
            int n = 0;
            boolean comma = true;
            while (!accept(')')) {
                if (!comma) {
                    throw error("lacks a comma in its shape");
                }
                if (n == list.length) {
                    throw error("has more than " + MOST_DIMENSIONS + " dimensions");
                }
                list[n++] = dimension();
                comma = accept(',');
            }
            if (n == 1 && !comma) {
                throw error("has a number instead of a tuple as shape");
            }
            return Arrays.copyOf(list, n);
        }

        private long dimension() {
            blanks();
            int start = at;
            while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                at++;
            }
            String digits = text.substring(start, at);
            if (digits.isEmpty() || digits.length() > 1 && digits.charAt(0) == '0') {
                throw error("has a dimension that is not a whole number from 0 on");
            }
            try {
                return Long.parseLong(digits);
            } catch (NumberFormatException _) {
                throw error("has the dimension " + Text.quote(digits) + ", more than 2^63 - 1");
            }
        }

        private boolean bool() {
            blanks();
            for (String word : new String[] {"True", "False"}) {
                if (text.startsWith(word, at)) {
                    at += word.length();
                    return word.equals("True");
                }
            }
            throw error("has a fortran_order that is neither True nor False");
        }

        private String string(String expected) {
            char quote = peek();
            if (quote != '\'' && quote != '"') {
                throw error("has no text where " + expected + " should be");
            }
            int end = text.indexOf(quote, at + 1);
            String value = end < 0 ? "" : text.substring(at + 1, end);
            if (end < 0 || value.indexOf('\\') >= 0 || value.indexOf('\n') >= 0) {
                throw error("has a text that does not end, or has an escape, where " + expected + " should be");
            }
            at = end + 1;
            return value;
        }

        private char peek() {
            blanks();
            return at < text.length() ? text.charAt(at) : '\0';
        }

        private boolean accept(char c) {
            if (peek() == c && at < text.length()) {
                at++;
                return true;
            }
            return false;
        }

        private void expect(char c) {
            if (!accept(c)) {
                throw error("is malformed: a '" + c + "' should be here");
            }
        }

        private void blanks() {
            while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        private FormatException error(String problem) {
            return new FormatException(what + ": the npy header " + problem + " (character " + at + " of it).");
        }
    }
}

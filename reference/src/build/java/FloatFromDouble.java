import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Writes the float32 back end from the float64 one, so that neither is a copy kept by hand.
 *
 * <p>{@code java FloatFromDouble.java SRC OUT} reads every {@code *F64.java} under the package root SRC and writes
 * {@code *F32.java} to the same package under OUT. Where a hand-written {@code XF32.java} stands beside
 * {@code XF64.java}, that one is used and nothing is generated (polynomials and other constants of a precision). The
 * Maven build runs it in generate-sources; it needs no library and runs on Java 17 too.
 *
 * <p>Line n of the result comes from line n of the source, so that breakpoints and stack traces fit. The rules work on
 * tokens, not on text: strings, character literals and text blocks are never touched.
 *
 * <ul>
 *   <li>names: {@code F64} in a name becomes {@code F32}, {@code float64} becomes {@code float32}, {@code double}
 *       becomes {@code float}, {@code DoubleVector} becomes {@code FloatVector}, {@code LongVector} becomes
 *       {@code IntVector}; {@link #NAMES} has them all;
 *   <li>literals: {@code 1.0}, {@code 1e-6}, {@code .5}, {@code 2.}, {@code 0x1p-3} and {@code 1d} get the suffix
 *       {@code f}; {@code 1.0f} and integers stay;
 *   <li>{@code Math.sqrt(x)} and the other functions that exist for double only ({@link #DOUBLE_ONLY}) become
 *       {@code (float) Math.sqrt(x)}; for a square root that is the correctly rounded one;
 *   <li>comments: {@code F64}, {@code f64}, {@code float64} and {@code DoubleVector} change, prose stays.
 * </ul>
 *
 * <p>Two markers, as a line comment at the end of a line, alone or followed by a colon and a reason:
 *
 * <ul>
 *   <li>{@code // keep}: the line is copied as it is ({@code // keep: the sum is a double in both precisions});
 *   <li>{@code // lane}: integers that share lanes with the elements are long in float64 and int in float32, while
 *       sizes and offsets are long in both; so on marked lines, and only there, {@code long} becomes {@code int},
 *       {@code Long} becomes {@code Integer}, and {@code 1L} becomes {@code 1}.
 * </ul>
 */
public final class FloatFromDouble {

    /** What whole identifiers become, everywhere in code. */
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("double", "float"),
            Map.entry("Double", "Float"),
            Map.entry("DoubleVector", "FloatVector"),
            Map.entry("DoubleBuffer", "FloatBuffer"),
            Map.entry("LongVector", "IntVector"),
            Map.entry("D2L", "F2I"),
            Map.entry("L2D", "I2F"),
            Map.entry("REINTERPRET_D2L", "REINTERPRET_F2I"),
            Map.entry("REINTERPRET_L2D", "REINTERPRET_I2F"),
            Map.entry("reinterpretAsLongs", "reinterpretAsInts"),
            Map.entry("reinterpretAsDoubles", "reinterpretAsFloats"),
            Map.entry("doubleToRawLongBits", "floatToRawIntBits"),
            Map.entry("doubleToLongBits", "floatToIntBits"),
            Map.entry("longBitsToDouble", "intBitsToFloat"),
            Map.entry("doubleValue", "floatValue"),
            Map.entry("parseDouble", "parseFloat"),
            Map.entry("JAVA_DOUBLE", "JAVA_FLOAT"));

    /** What whole identifiers become on lines marked as lane-wise integer code. */
    private static final Map<String, String> LANE_NAMES = Map.of("long", "int", "Long", "Integer");

    /** Functions of Math and StrictMath that have no float version: their result needs a cast. */
    private static final Set<String> DOUBLE_ONLY = Set.of(
            "sqrt", "cbrt", "exp", "expm1", "log", "log1p", "log10", "pow", "hypot", "sin", "cos", "tan", "sinh",
            "cosh", "tanh", "asin", "acos", "atan", "atan2", "floor", "ceil", "rint");

    private static final Pattern MARKER = Pattern.compile("//\\s*(keep|lane)\\s*(:.*)?", Pattern.DOTALL);

    /** A floating-point literal without f, in three alternatives: hexadecimal, decimal, and an integer with d. */
    private static final Pattern DOUBLE_LITERAL = Pattern.compile("0[xX][0-9a-fA-F_.]+[pP][+-]?[0-9_]+[dD]?"
            + "|(?=.*[.eE])[0-9_]*\\.?[0-9_]*([eE][+-]?[0-9_]+)?[dD]?"
            + "|[0-9][0-9_]*[dD]");

    private FloatFromDouble() {}

    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            System.err.println("usage: java FloatFromDouble.java SOURCE_ROOT OUTPUT_ROOT");
            System.exit(2);
        }
        Path source = Path.of(args[0]);
        Path output = Path.of(args[1]);
        Map<Path, String> wanted = Files.isDirectory(source) ? generate(source) : Map.of();
        removeStale(output, wanted.keySet());
        for (Map.Entry<Path, String> file : wanted.entrySet()) {
            writeIfChanged(output.resolve(file.getKey()), file.getValue());
        }
    }

    /** The generated text of every file to be written, by its path below the package root. */
    private static Map<Path, String> generate(Path root) throws IOException {
        Map<Path, String> result = new TreeMap<>();
        for (Path file : filesEndingIn(root, "F64.java")) {
            String name = file.getFileName().toString();
            Path twin = file.resolveSibling(name.replaceFirst("F64\\.java$", "F32.java"));
            if (!Files.exists(twin)) {
                String text = Files.readString(file, StandardCharsets.UTF_8);
                try {
                    result.put(root.relativize(twin), announce(transform(text), name));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
                }
            }
        }
        return result;
    }

    /** Puts the note at the end of the first line, where it adds none. */
    private static String announce(String text, String from) {
        int end = text.indexOf('\n');
        String first = end < 0 ? text : text.substring(0, end);
        String rest = end < 0 ? "" : text.substring(end);
        String note = "generated from " + from + ", do not edit";
        if (first.startsWith("/*") && !first.contains("*/")) {
            return first + " (" + note + ")" + rest;
        }
        return first + (first.isEmpty() ? "" : " ") + "// " + note + rest;
    }

    /** Outputs whose source is gone would still be compiled. */
    private static void removeStale(Path output, Set<Path> wanted) throws IOException {
        if (Files.isDirectory(output)) {
            for (Path file : filesEndingIn(output, "F32.java")) {
                if (!wanted.contains(output.relativize(file))) {
                    Files.delete(file);
                }
            }
        }
    }

    private static List<Path> filesEndingIn(Path root, String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(f -> f.getFileName().toString().endsWith(suffix) && Files.isRegularFile(f))
                    .sorted()
                    .toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** An unchanged file keeps its time, so that the compiler need not run again. */
    private static void writeIfChanged(Path file, String text) throws IOException {
        if (!Files.exists(file)
                || !Files.readString(file, StandardCharsets.UTF_8).equals(text)) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text, StandardCharsets.UTF_8);
        }
    }

    // ------------------------------------------------------------------------------------------------ the rules

    private enum Kind {
        WORD,
        NUMBER,
        COMMENT,
        VERBATIM
    }

    private record Token(Kind kind, String text) {}

    static String transform(String source) {
        List<Token> tokens = tokenise(source);
        Map<Integer, String> markers = markers(tokens);
        StringBuilder out = new StringBuilder(source.length());
        int line = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            String marker = markers.getOrDefault(line, "");
            if (marker.equals("keep")) {
                out.append(token.text());
            } else {
                out.append(callsDoubleOnly(tokens, i) ? "(float) " : "");
                out.append(rewrite(token, marker.equals("lane")));
            }
            line += newlines(token.text());
        }
        return out.toString();
    }

    /** Whether `Math.sqrt` or its like starts at token i, written without blanks. */
    private static boolean callsDoubleOnly(List<Token> tokens, int i) {
        String name = tokens.get(i).text();
        return (name.equals("Math") || name.equals("StrictMath"))
                && i + 2 < tokens.size()
                && tokens.get(i + 1).text().equals(".")
                && DOUBLE_ONLY.contains(tokens.get(i + 2).text());
    }

    private static String rewrite(Token token, boolean lane) {
        return switch (token.kind()) {
            case WORD -> rewriteWord(token.text(), lane);
            case NUMBER -> rewriteNumber(token.text(), lane);
            case COMMENT -> rewriteComment(token.text());
            case VERBATIM -> token.text();
        };
    }

    private static String rewriteWord(String word, boolean lane) {
        String name = NAMES.get(word);
        if (name == null && lane) {
            name = LANE_NAMES.get(word);
        }
        return name != null ? name : word.replace("F64", "F32").replace("float64", "float32");
    }

    private static String rewriteNumber(String number, boolean lane) {
        String withoutSuffix = number.substring(0, number.length() - 1);
        char last = number.charAt(number.length() - 1);
        if (DOUBLE_LITERAL.matcher(number).matches()) {
            return (last == 'd' || last == 'D' ? withoutSuffix : number) + "f";
        }
        return lane && (last == 'L' || last == 'l') ? withoutSuffix : number;
    }

    private static String rewriteComment(String comment) {
        return comment.replace("F64", "F32")
                .replace("f64", "f32")
                .replace("float64", "float32")
                .replace("DoubleVector", "FloatVector");
    }

    /** The marker of each line (counted from 0) that ends in one. */
    private static Map<Integer, String> markers(List<Token> tokens) {
        Map<Integer, String> result = new HashMap<>();
        int line = 0;
        for (Token token : tokens) {
            Matcher marker = MARKER.matcher(token.text());
            if (token.kind() == Kind.COMMENT && marker.matches()) {
                result.put(line, marker.group(1));
            }
            line += newlines(token.text());
        }
        return result;
    }

    private static int newlines(String text) {
        return (int) text.chars().filter(c -> c == '\n').count();
    }

    // -------------------------------------------------------------------------------------------- the tokeniser

    /**
     * Splits Java source into words, numbers, comments, and everything else verbatim; joined again they are the source.
     */
    private static List<Token> tokenise(String s) {
        List<Token> tokens = new ArrayList<>();
        int i = 0;
        while (i < s.length()) {
            char c = s.charAt(i);
            int end;
            Kind kind;
            if (s.startsWith("//", i)) {
                end = indexOrEnd(s, "\n", i);
                kind = Kind.COMMENT;
            } else if (s.startsWith("/*", i)) {
                end = after(s, "*/", i + 2, "comment");
                kind = Kind.COMMENT;
            } else if (s.startsWith("\"\"\"", i)) {
                end = endOfTextBlock(s, i + 3);
                kind = Kind.VERBATIM;
            } else if (c == '"' || c == '\'') {
                end = endOfQuoted(s, i);
                kind = Kind.VERBATIM;
            } else if (Character.isJavaIdentifierStart(c)) {
                end = i + 1;
                while (end < s.length() && Character.isJavaIdentifierPart(s.charAt(end))) {
                    end++;
                }
                kind = Kind.WORD;
            } else if (isDigit(c) || (c == '.' && i + 1 < s.length() && isDigit(s.charAt(i + 1)))) {
                end = endOfNumber(s, i);
                kind = Kind.NUMBER;
            } else {
                end = i + 1;
                kind = Kind.VERBATIM;
            }
            tokens.add(new Token(kind, s.substring(i, end)));
            i = end;
        }
        return tokens;
    }

    private static int endOfNumber(String s, int start) {
        boolean hex = s.startsWith("0x", start) || s.startsWith("0X", start);
        int i = start;
        while (i < s.length()) {
            char c = s.charAt(i);
            char before = i > start ? Character.toLowerCase(s.charAt(i - 1)) : ' ';
            boolean sign = (c == '+' || c == '-') && before == (hex ? 'p' : 'e');
            if (!sign && !Character.isLetterOrDigit(c) && c != '_' && c != '.') {
                break;
            }
            i++;
        }
        return i;
    }

    private static int endOfQuoted(String s, int start) {
        char quote = s.charAt(start);
        for (int i = start + 1; i < s.length() && s.charAt(i) != '\n'; i++) {
            if (s.charAt(i) == '\\') {
                i++;
            } else if (s.charAt(i) == quote) {
                return i + 1;
            }
        }
        throw new IllegalArgumentException("unterminated " + quote + " in line " + lineOf(s, start));
    }

    private static int endOfTextBlock(String s, int start) {
        for (int i = start; i < s.length(); i++) {
            if (s.charAt(i) == '\\') {
                i++;
            } else if (s.startsWith("\"\"\"", i)) {
                return i + 3;
            }
        }
        throw new IllegalArgumentException("unterminated text block in line " + lineOf(s, start));
    }

    private static int after(String s, String end, int from, String what) {
        int at = s.indexOf(end, from);
        if (at < 0) {
            throw new IllegalArgumentException("unterminated " + what + " in line " + lineOf(s, from));
        }
        return at + end.length();
    }

    private static int indexOrEnd(String s, String what, int from) {
        int at = s.indexOf(what, from);
        return at < 0 ? s.length() : at;
    }

    private static int lineOf(String s, int index) {
        return newlines(s.substring(0, index)) + 1;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}

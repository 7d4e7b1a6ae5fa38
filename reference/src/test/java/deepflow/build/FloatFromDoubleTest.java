package deepflow.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The float32 generator of `src/build/java`.
class FloatFromDoubleTest {

    private static final Path GENERATOR =
            Path.of("src/build/java/FloatFromDouble.java").toAbsolutePath();

    /// Compiled once: starting `java` for each line takes a second each time.
    private static Class<?> generator;

    private static URLClassLoader loader;

    @TempDir
    private Path folder;

    @BeforeAll
    static void compileGenerator(@TempDir Path classes) throws Exception {
        compile(GENERATOR, classes);
        URL[] path = {classes.toUri().toURL()};
        loader = new URLClassLoader(path);
        generator = loader.loadClass("FloatFromDouble");
    }

    @AfterAll
    static void closeLoader() throws IOException {
        loader.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        double x = 1.0;                        | float x = 1.0f;
        double[] x = {1e-6, .5, 2., 1E+3, 1d}; | float[] x = {1e-6f, .5f, 2.f, 1E+3f, 1f};
        x = 0x1p-3 + 0x1.8P+4 + 0x1p2d;        | x = 0x1p-3f + 0x1.8P+4f + 0x1p2f;
        x = 1.0f + 2F + 0x1p1f;                | x = 1.0f + 2F + 0x1p1f;
        n = 0xABCDEF + 0x1D + 0b11 + 07 + 1_0; | n = 0xABCDEF + 0x1D + 0b11 + 07 + 1_0;
        n = 1L + 0x7L; long m = 2;             | n = 1L + 0x7L; long m = 2;
        x = 1_000.5_5e1_0;                     | x = 1_000.5_5e1_0f;
        x = a[0].length + b1e5 + c.d2;         | x = a[0].length + b1e5 + c.d2;
        x = n*1.5-2.5;                         | x = n*1.5f-2.5f;
        s = "1.0 F64 double \\" // 2.0";       | s = "1.0 F64 double \\" // 2.0";
        c = '"'; x = 1.0; c = '\\'';           | c = '"'; x = 1.0f; c = '\\'';
        x = 1.0; // 1.0 in float64, see XF64   | x = 1.0f; // 1.0 in float32, see XF32
        x = 1.0 /* 1.0 F64 */ + 2.0;           | x = 1.0f /* 1.0 F32 */ + 2.0f;
        /// [GemmF64] sums double in float64    | /// [GemmF32] sums double in float32
        GemmF64.sum(F64_TILE, doubled);        | GemmF32.sum(F32_TILE, doubled);
        VectorSpecies<Double> S = DoubleVector.SPECIES_256; | VectorSpecies<Float> S = FloatVector.SPECIES_256;
        LongVector v = x.reinterpretAsLongs(); | IntVector v = x.reinterpretAsInts();
        x = Double.doubleToRawLongBits(1.0);   | x = Float.floatToRawIntBits(1.0f);
        x = -Math.sqrt(x) + Math.fma(x, y, z); | x = -(float) Math.sqrt(x) + Math.fma(x, y, z);
        long b = Long.MIN_VALUE | `long b = Long.MIN_VALUE`
        long b = Long.SIZE + 1L + 0xFFL; // lane | int b = Integer.SIZE + 1 + 0xFF; // lane
        long b = 1L; // lane: exponents        | int b = 1; // lane: exponents
        long b = 1L; // lanes are summed later | long b = 1L; // lanes are summed later
        double s = 1.0; // keep                | double s = 1.0; // keep
        double s = F64; // keep: summed in float64 | double s = F64; // keep: summed in float64
        double s = 1.0; // keepsake            | float s = 1.0f; // keepsake
        double s = 1.0; s = "// keep";         | float s = 1.0f; s = "// keep";
        """)
    void rewritesOneLine(String source, String expected) throws Exception {
        assertEquals(expected, generate("class XF64 {\n" + source + "\n}\n").get(1));
    }

    @Test
    void textBlocksAndBlockCommentsSpanLines() throws Exception {
        String source = """
                class XF64 { /* 1.0
                 it's F64 "quoted
                 */ double x = 1.0;
                String s = \"""
                    double "x" = 1.0; // keep
                    \\\""" F64
                    \"""; double y = 2.0;
                }
                """;
        List<String> lines = generate(source);
        assertEquals(source.lines().count(), lines.size());
        assertEquals(" it's F32 \"quoted", lines.get(1));
        assertEquals(" */ float x = 1.0f;", lines.get(2));
        assertEquals("    double \"x\" = 1.0; // keep", lines.get(4));
        assertEquals("    \\\"\"\" F64", lines.get(5));
        assertEquals("    \"\"\"; float y = 2.0f;", lines.get(6));
    }

    @Test
    void firstLineSaysWhereTheFileComesFrom() throws Exception {
        assertEquals(
                "package deepflow.cpu; // generated from XF64.java, do not edit",
                generate("package deepflow.cpu;\nclass XF64 {}\n").getFirst());
        assertEquals(
                "/* Kernels of float32. (generated from XF64.java, do not edit)",
                generate("/* Kernels of float64.\n */\nclass XF64 {}\n").getFirst());
    }

    @Test
    void everyLineKeepsItsNumberAndTheResultCompiles() throws Exception {
        String source = """
                package deepflow.cpu;

                import jdk.incubator.vector.DoubleVector;
                import jdk.incubator.vector.LongVector;
                import jdk.incubator.vector.VectorOperators;
                import jdk.incubator.vector.VectorSpecies;

                /// Row kernels in float64, see [XF64].
                final class XF64 {
                    private static final VectorSpecies<Double> SPECIES = DoubleVector.SPECIES_256;
                    private static final double EPSILON = 0x1p-20;
                    private static final long BIAS = Long.SIZE; // lane

                    static double norm(double[] x, long from) {
                        double exact = 0.0; // keep: summed in double in both precisions
                        DoubleVector v = DoubleVector.fromArray(SPECIES, x, (int) from);
                        LongVector bits = v.reinterpretAsLongs().add(BIAS).lanewise(VectorOperators.LSHL, 1);
                        for (int i = 0; i < SPECIES.length(); i++) {
                            exact += v.lane(i) * v.lane(i) + bits.lane(i) * 0.0;
                        }
                        return Math.sqrt((double) exact + EPSILON + 1e-3);
                    }
                }
                """;
        List<String> lines = generate(source);
        assertEquals(source.lines().count(), lines.size());
        for (int i = 1; i < lines.size(); i++) {
            String original = source.lines().toList().get(i);
            assertEquals(original.isBlank(), lines.get(i).isBlank(), "line " + (i + 1));
        }
        compile(output("X"), folder.resolve("classes"));
    }

    @Test
    void sameBytesTwiceAndUnchangedFilesAreNotTouched() throws Exception {
        generate("class XF64 { double x = 1.0; }\n");
        Path output = output("X");
        byte[] first = Files.readAllBytes(output);
        var time = FileTime.fromMillis(1_000_000_000_000L);
        Files.setLastModifiedTime(output, time);
        run();
        assertEquals(time, Files.getLastModifiedTime(output));
        Files.delete(output);
        run();
        assertEquals(-1, Files.mismatch(output, Files.write(folder.resolve("first"), first)));
    }

    @Test
    void runsAsSingleFileProgram() throws Exception {
        write("XF64.java", "class XF64 { double x = 1.0; }\n");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        java,
                        GENERATOR.toString(),
                        folder.resolve("src").toString(),
                        folder.resolve("out").toString())
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        assertEquals("", printed);
        assertEquals(
                "class XF32 { float x = 1.0f; } // generated from XF64.java, do not edit\n",
                Files.readString(output("X")));
    }

    @Test
    void handWrittenTwinWinsAndStaleOutputsGo() throws Exception {
        generate("class XF64 {}\n");
        assertTrue(Files.exists(output("X")));
        write("XF32.java", "class XF32 {}\n");
        write("YF64.java", "class YF64 {}\n");
        write("Plain.java", "class Plain { double x; }\n");
        run();
        assertFalse(Files.exists(output("X")));
        assertTrue(Files.exists(output("Y")));
        try (var files = Files.list(output("Y").getParent())) {
            assertEquals(1, files.count());
        }
    }

    private List<String> generate(String source) throws IOException, ReflectiveOperationException {
        write("XF64.java", source);
        run();
        String text = Files.readString(output("X"), StandardCharsets.UTF_8);
        assertEquals(newlines(source), newlines(text));
        return text.lines().toList();
    }

    private static void compile(Path source, Path classes) {
        List<String> arguments = List.of(
                "-Xlint:-incubating",
                "--add-modules",
                "jdk.incubator.vector",
                "-d",
                classes.toString(),
                source.toString());
        int result = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
        assertEquals(0, result, source + " does not compile");
    }

    private static long newlines(String text) {
        return text.chars().filter(c -> c == '\n').count();
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve("src/deepflow/cpu").resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text, StandardCharsets.UTF_8);
    }

    private Path output(String name) {
        return folder.resolve("out/deepflow/cpu").resolve(name + "F32.java");
    }

    private void run() throws ReflectiveOperationException {
        String[] arguments = {
            folder.resolve("src").toString(), folder.resolve("out").toString()
        };
        generator.getMethod("main", String[].class).invoke(null, (Object) arguments);
    }
}

package deepflow.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.TestData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Two files tensor by tensor.
class DiffTest {
    private static final String NAME = "loss.total";

    @TempDir
    private Path folder;

    private Diff diff(UnaryOperator<EditedDump> a, UnaryOperator<EditedDump> b) {
        EditedDump small = EditedDump.read(TestData.step("one-token-step-f64")).remove(n -> !n.startsWith("loss."));
        Path first = a.apply(small.copy()).write(folder.resolve("a.safetensors"));
        Path second = b.apply(small.copy()).write(folder.resolve("b.safetensors"));
        return Diff.of(first, second);
    }

    private Diff.Entry single(UnaryOperator<EditedDump> a, UnaryOperator<EditedDump> b) {
        Diff diff = diff(a, b);
        assertEquals(List.of(), diff.metadata());
        assertEquals(1, diff.entries().size(), diff::toString);
        return diff.entries().getFirst();
    }

    static List<Path> steps() {
        return TestData.steps();
    }

    @ParameterizedTest
    @MethodSource("steps")
    void aFileEqualsItself(Path step) {
        Diff diff = Diff.of(step, step);
        assertTrue(diff.empty(), diff::toString);
        assertTrue(diff.compared() > 100);
    }

    @Test
    void theSameStepInTwoPrecisionsDiffers() {
        Diff diff = Diff.of(TestData.step("tiny-2t-f32"), TestData.step("tiny-2t-f64"));
        assertEquals(List.of("precision"), diff.metadata());
        diff.entries()
                .forEach(e ->
                        assertTrue(e.kind() == Diff.Kind.TYPE || e.relative() < 1e-5 && e.count() > 0, e::toString));
        assertTrue(diff.entries().size() > 200);
    }

    @Test
    void kindsOfDifference() {
        assertEquals(
                Diff.Kind.ONLY_B, single(d -> d.remove(NAME::equals), d -> d).kind());
        assertEquals(
                Diff.Kind.ONLY_A, single(d -> d, d -> d.remove(NAME::equals)).kind());
        assertEquals(
                Diff.Kind.SHAPE,
                single(d -> d, d -> d.put(NAME, List.of(), d.values(NAME))).kind());
        ByteBuffer one = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 0.5f);
        Diff.Entry type = single(d -> d.put(NAME, List.of(1L), 0.5), d -> d.put(NAME, "F32", List.of(1L), one.array()));
        assertEquals(Diff.Kind.TYPE, type.kind());
        assertEquals("F64 and F32", type.detail());
        Diff.Entry values = single(d -> d.put(NAME, List.of(2L), 3, 4), d -> d.put(NAME, List.of(2L), 3, 4.5));
        assertEquals(Diff.Kind.VALUES, values.kind());
        assertEquals(0.1, values.relative(), 1e-15);
        assertEquals(0.5, values.largest());
        assertEquals(1, values.count());
    }

    @Test
    void nanEqualsNanAndZeroEqualsMinusZero() {
        UnaryOperator<EditedDump> a = d -> d.put(NAME, List.of(3L), Double.NaN, 0.0, Double.POSITIVE_INFINITY);
        assertTrue(diff(a, d -> d.put(NAME, List.of(3L), Double.NaN, -0.0, Double.POSITIVE_INFINITY))
                .empty());
        Diff.Entry entry = single(a, d -> d.put(NAME, List.of(3L), 1, 0, Double.NEGATIVE_INFINITY));
        assertEquals(2, entry.count());
        assertTrue(Double.isNaN(entry.relative()) && Double.isNaN(entry.largest()));
        Diff.Entry beside = single(a, d -> d.put(NAME, List.of(3L), Double.NaN, 2, Double.POSITIVE_INFINITY));
        assertEquals(2, beside.relative());
    }

    @Test
    void integersDifferAlsoBeyondDoubles() {
        Diff.Entry entry = single(d -> labels(d, 1L << 53), d -> labels(d, (1L << 53) + 1));
        assertEquals(Diff.Kind.VALUES, entry.kind());
        assertEquals(1, entry.count());
    }

    private static EditedDump labels(EditedDump dump, long label) {
        ByteBuffer bytes =
                ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(8, label);
        return dump.put("in.y", "I64", List.of(2L), bytes.array());
    }

    @Test
    void metadataAreListedByKeyAndDoNotCount() {
        Diff diff = diff(d -> d.meta("producer", "someone").meta("lambda", null), d -> d.meta("path", "cosine"));
        assertEquals(List.of("lambda", "path", "producer"), diff.metadata());
        assertEquals(List.of(), diff.entries());
        assertTrue(diff.empty());
    }

    @Test
    void emptyTensorsAreEqual() {
        assertTrue(diff(d -> d.put("x", List.of(0L, 3L)), d -> d.put("x", List.of(0L, 3L)))
                .empty());
    }
}

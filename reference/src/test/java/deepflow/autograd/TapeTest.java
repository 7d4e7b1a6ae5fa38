package deepflow.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.tensor.Backend;
import deepflow.tensor.Backends;
import deepflow.tensor.DType;
import deepflow.tensor.NaiveBackend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What the tape promises beside right derivatives: who gets a gradient, who does not, and what is refused.
class TapeTest {
    private final Backend backend = new NaiveBackend();
    private final Tape tape = Tape.recording(backend);

    private Variable leaf(double... values) {
        return tape.leaf(backend.upload(values, Shape.of(values.length)));
    }

    private static Variable sum(Variable x) {
        return Sums.sumTo(x, Shape.of(1));
    }

    private void assertGradient(Variable x, double... expected) {
        assertNotNull(x.gradient());
        assertArrayEquals(expected, backend.download(x.gradient()));
    }

    @Test
    void aVariableUsedTwiceGetsBothShares() {
        Variable x = leaf(2, 3);
        Variable y = Pointwise.add(Pointwise.multiply(x, x), Pointwise.add(x, x)); // x² + 2x
        tape.backward(sum(y));
        assertGradient(x, 6, 8);
    }

    @Test
    void aRetainedGradientCanBeReadAndStillFlows() {
        Variable x = leaf(2, 3);
        Variable h = Pointwise.scale(x, 10).retain();
        Variable forgotten = Pointwise.multiply(h, h);
        tape.backward(sum(forgotten));
        assertGradient(h, 40, 60);
        assertGradient(x, 400, 600);
        assertNull(forgotten.gradient());
    }

    @Test
    void aGradientIsHandedOverWhenItIsCompleteAndNotKept() {
        Variable x = leaf(2, 3);
        Variable early = leaf(5, 7);
        Variable unused = leaf(1);
        Variable h = Pointwise.multiply(x, early); // the first to be recorded, the last to run backward
        Variable y = Pointwise.add(Pointwise.multiply(x, x), h); // x is read three times, twice by one operation
        List<String> arrived = new ArrayList<>();
        x.handOver((g, at) -> arrived.add("x " + Arrays.toString(backend.download(g))));
        x.handOver((g, at) -> arrived.add("x again"));
        early.handOver((g, at) -> arrived.add("early " + Arrays.toString(backend.download(g))));
        h.handOver((g, at) -> arrived.add("h " + Arrays.toString(backend.download(g)) + " before x: " + x.gradient()));
        unused.handOver((g, at) -> arrived.add("unused"));
        Variable late = leaf(4, 4);
        List<Double> lateArrived = new ArrayList<>();
        Variable z = Pointwise.multiply(y, late);
        late.handOver((g, at) -> {
            lateArrived.add(backend.download(g)[0]);
            assertTrue(arrived.isEmpty(), "the last leaf to be read is complete first");
        });
        tape.backward(sum(z));
        assertEquals(List.of(14.0), lateArrived); // x² + x·early = 4 + 10
        assertEquals("h [4.0, 4.0]", arrived.getFirst().substring(0, 12));
        assertEquals(
                Set.of("x [36.0, 52.0]", "x again", "early [8.0, 12.0]"),
                Set.copyOf(arrived.subList(1, arrived.size()))); // 4·(2x + early), 4·x
        assertEquals(4, arrived.size());
        assertNull(x.gradient());
        assertNull(early.gradient());
        assertNull(h.gradient());
        assertTrue(x.gradientAt() >= 0);
    }

    @Test
    void aGradientThatIsKeptIsHandedOverAsWellAndAfterTheFactAtOnce() {
        Variable x = leaf(2, 3);
        Variable h = Pointwise.scale(x, 10).retain();
        List<Long> times = new ArrayList<>();
        x.handOver((g, at) -> times.add(at));
        x.retain();
        h.handOver((g, at) -> times.add(at));
        tape.backward(sum(Pointwise.multiply(h, h)));
        assertGradient(h, 40, 60);
        assertGradient(x, 400, 600);
        assertEquals(List.of(h.gradientAt(), x.gradientAt()), times);
        x.handOver((g, at) -> times.add(at));
        assertEquals(List.of(h.gradientAt(), x.gradientAt(), x.gradientAt()), times);
        assertGradient(x, 400, 600);
    }

    @Test
    void theRetainedGradientHoldsTheSharesOfAllUses() {
        Variable x = leaf(1, 1);
        Variable h = Pointwise.scale(x, 1).retain();
        Variable early = Pointwise.scale(h, 3);
        Variable late = Pointwise.scale(early, 5);
        tape.backward(sum(Pointwise.add(Pointwise.add(late, h), early)));
        assertGradient(h, 19, 19);
    }

    @Test
    void nothingFlowsThroughDetach() {
        Variable x = leaf(2, 3);
        Variable cut = tape.detach(Pointwise.scale(x, 5));
        assertFalse(cut.differentiable());
        assertArrayEquals(new double[] {10, 15}, backend.download(cut.value()));
        tape.backward(sum(Pointwise.multiply(x, cut)));
        assertGradient(x, 10, 15);
    }

    @Test
    void aConstantGetsNoGradient() {
        Variable c = tape.constant(Shape.of(2), 3).retain();
        Variable x = leaf(2, 3);
        tape.backward(sum(Pointwise.multiply(x, c)));
        assertNull(c.gradient());
        assertGradient(x, 3, 3);
    }

    @Test
    void aLeafTheLossDoesNotDependOnGetsNone() {
        Variable x = leaf(2, 3);
        Variable unused = leaf(1, 1);
        Pointwise.scale(unused, 2);
        tape.backward(sum(x));
        assertNull(unused.gradient());
    }

    @Test
    void piecesThatAreNotUsedCountZero() {
        Variable x = leaf(1, 2, 3, 4);
        List<Variable> pieces = Layout.split(x, 0, 4);
        tape.backward(Pointwise.multiply(pieces.get(1), pieces.get(3)));
        assertGradient(x, 0, 4, 0, 2);
    }

    @Test
    void noPieceUsedMeansNoGradient() {
        Variable x = leaf(1, 2);
        Variable y = leaf(1);
        Layout.split(x, 0, 2);
        tape.backward(Pointwise.scale(y, 2));
        assertNull(x.gradient());
    }

    @Test
    void theSeedMultipliesEveryGradient() {
        Variable x = leaf(2);
        tape.backward(Pointwise.multiply(x, x), 1024);
        assertGradient(x, 4096);
    }

    @Test
    void aLeafMayBeTheLoss() {
        Variable x = leaf(2);
        tape.backward(x, 3);
        assertGradient(x, 3);
    }

    @Test
    void theRootOfZeroHasGradientZero() {
        Variable x = leaf(0, 4);
        tape.backward(sum(Pointwise.sqrt(x)));
        assertGradient(x, 0, 0.25);
    }

    @Test
    void theEndsOfAClampLetTheGradientThrough() {
        Variable x = leaf(-2, -1, 0, 1, 2);
        tape.backward(sum(Pointwise.clamp(x, -1, 1)));
        assertGradient(x, 0, 1, 1, 1, 0);
    }

    @Test
    void inferenceRecordsNothing() {
        Tape inference = Tape.inference(backend);
        Variable x = inference.leaf(backend.full(Shape.of(1), 2));
        Variable y = Pointwise.multiply(x, x);
        assertFalse(y.differentiable());
        inference.backward(y);
        assertNull(x.gradient());
        assertTrue(leaf(1).differentiable());
    }

    @Test
    void whatCannotBeIsRefused() {
        Variable x = leaf(1, 2);
        assertThrows(IllegalArgumentException.class, () -> tape.backward(x));
        Variable stranger = Tape.recording(backend).leaf(backend.full(Shape.of(2), 1));
        assertThrows(IllegalArgumentException.class, () -> Pointwise.add(x, stranger));
        assertThrows(IllegalArgumentException.class, () -> Layout.split(x, 0, 3));
        Variable loss = sum(x);
        assertThrows(
                IllegalArgumentException.class, () -> Tape.recording(backend).backward(loss));
        tape.backward(loss);
        assertEquals(
                "a tape can be walked backward once",
                assertThrows(IllegalStateException.class, () -> tape.backward(loss))
                        .getMessage());
    }

    @Test
    void aTrainingTapeFindsTheSameGradientsAndFreesWhatItPassed() {
        try (Backend cpu = Backends.open("cpu", DType.F64, 1)) {
            Tensor value = cpu.upload(new double[] {1, 2, 3}, Shape.of(3));
            double[][] gradients = new double[2][];
            for (boolean training : new boolean[] {false, true}) {
                Tape t = training ? Tape.training(cpu) : Tape.recording(cpu);
                Variable x = t.leaf(value);
                Variable h = Pointwise.multiply(x, Pointwise.silu(x));
                Variable other = Layout.reshape(Layout.reshape(h, 3, 1), 3); // shares the storage of h
                Variable kept = Pointwise.scale(Pointwise.add(other, h), 2).retain();
                Variable loss = sum(Pointwise.add(kept, x));
                t.backward(loss);
                gradients[training ? 1 : 0] = cpu.download(gradientOf(x));
                assertEquals(3, cpu.download(kept.value()).length);
                assertEquals(1, cpu.download(gradientOf(kept))[0]);
                assertEquals(3, cpu.download(value)[2]);
                if (training) {
                    assertThrows(IllegalStateException.class, () -> cpu.download(h.value()));
                    assertThrows(IllegalStateException.class, () -> cpu.download(loss.value()));
                } else {
                    assertEquals(3, cpu.download(h.value()).length);
                }
            }
            assertArrayEquals(gradients[0], gradients[1]);
        }
    }

    private static Tensor gradientOf(Variable x) {
        Tensor g = x.gradient();
        if (g == null) {
            throw new AssertionError("no gradient");
        }
        return g;
    }
}

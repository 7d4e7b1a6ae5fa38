package deepflow.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.equation.FlowPath;
import deepflow.equation.VelocityTarget;
import deepflow.tensor.Shape;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GuidanceTest {
    private final FormulaField field = new FormulaField(
            Shape.of(1, 2, 1), (x, t, y) -> y == FormulaField.NULL_LABEL ? 0.3 * x + t : Math.sin(x + y) - t * x);

    static Stream<Sampler> samplers() {
        return Stream.of(new Euler(10), new Heun(10), DormandPrince.PUBLISHED, new EulerMaruyama(10));
    }

    private Samples run(Guidance guidance, Sampler sampler, int label) {
        field.times.clear();
        field.nullTimes.clear();
        return new Sampling(field, new Flow(FlowPath.COSINE, VelocityTarget.DIFFERENCE), guidance, sampler)
                .keyed(3, 0, new int[] {label, label}, 2, Progress.NONE);
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void withoutAnIntervalNothingIsGuided(Sampler sampler) {
        Samples plain = run(Guidance.NONE, sampler, 1);
        for (Guidance g : List.of(Guidance.of(1), Guidance.of(0.5), Guidance.of(0), new Guidance(3, 0.951, 0.955))) {
            Samples guided = run(g, sampler, 1);
            if (sampler instanceof DormandPrince && g.scale() > 1) {
                continue; // it may step into any interval
            }
            assertArrayEquals(plain.values(), guided.values());
            assertArrayEquals(plain.evaluations(), guided.evaluations());
            assertEquals(List.of(), field.nullTimes);
        }
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void guidanceOfTheNullClassIsNoGuidance(Sampler sampler) {
        double[] plain = run(Guidance.NONE, sampler, FormulaField.NULL_LABEL).values();
        double[] guided = run(Guidance.of(4), sampler, FormulaField.NULL_LABEL).values();
        assertArrayEquals(plain, guided);
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void everyEvaluationIsCounted(Sampler sampler) {
        long[] evaluations = run(Guidance.of(2), sampler, 1).evaluations();
        assertEquals(field.times.size() + field.nullTimes.size(), evaluations[0] + evaluations[1]);
        assertEquals(field.times.size(), field.nullTimes.size());
        if (sampler instanceof Euler || sampler instanceof EulerMaruyama) {
            assertArrayEquals(new long[] {20, 20}, evaluations);
        } else if (sampler instanceof Heun) {
            assertArrayEquals(new long[] {38, 38}, evaluations);
        }
    }

    @Test
    void onlyTheIntervalIsGuided() {
        run(new Guidance(2, 0.3, 0.7), new Euler(10), 1);
        assertTrue(field.nullTimes.stream().allMatch(t -> t > 0.29 && t < 0.71), () -> "" + field.nullTimes);
        assertEquals(10, field.nullTimes.size(), "0.7, 0.6, 0.5, 0.4, 0.3 for two samples");
    }

    @Test
    void bothEvaluationsOfAHeunStepFollowItsStart() {
        run(new Guidance(2, 0.45, 0.55), new Heun(10), 1);
        assertEquals(List.of(0.5, 0.5, 0.4, 0.4), field.nullTimes);
    }

    @Test
    void aStepOfEulerByHand() {
        FormulaField two = FormulaField.scalar((x, t, y) -> y == FormulaField.NULL_LABEL ? 10 : 2);
        double[] x = new Sampling(two, Flow.LINEAR, Guidance.of(1.5), new Euler(1))
                .from(new double[] {7}, new int[] {0}, (row, step, size) -> new double[size], 1, Progress.NONE)
                .values();
        assertEquals(7 - (10 + 1.5 * (2 - 10)), x[0]);
    }

    /// For one step the guided result lies on the line through the other two.
    @Property(tries = 50)
    void guidanceExtrapolates(@ForAll @DoubleRange(min = 1.01, max = 8) double scale) {
        double none = run(Guidance.NONE, new Euler(1), FormulaField.NULL_LABEL).values()[0];
        double plain = run(Guidance.NONE, new Euler(1), 1).values()[0];
        assertEquals(
                none + scale * (plain - none),
                run(Guidance.of(scale), new Euler(1), 1).values()[0],
                1e-12);
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Guidance.of(-1));
        assertThrows(IllegalArgumentException.class, () -> Guidance.of(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Guidance(2, 0.7, 0.3));
        assertThrows(IllegalArgumentException.class, () -> new Guidance(2, -0.1, 0.3));
        assertThrows(IllegalArgumentException.class, () -> new Guidance(2, 0, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Euler(0));
        assertThrows(IllegalArgumentException.class, () -> new Heun(0));
        assertThrows(IllegalArgumentException.class, () -> new EulerMaruyama(1));
        assertThrows(IllegalArgumentException.class, () -> new DormandPrince(0, 1e-3, 1));
    }
}

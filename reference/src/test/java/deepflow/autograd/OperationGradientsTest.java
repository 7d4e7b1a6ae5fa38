package deepflow.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import deepflow.oracle.verification.Backward;
import deepflow.oracle.verification.Case;
import deepflow.oracle.verification.Draw;
import deepflow.oracle.verification.Extents;
import deepflow.oracle.verification.GradientCheck;
import deepflow.oracle.verification.Strictness;
import deepflow.oracle.verification.Values;
import deepflow.tensor.Arena;
import deepflow.tensor.Backend;
import deepflow.tensor.NaiveBackend;
import deepflow.tensor.Shape;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Every operation's backward against central differences.
class OperationGradientsTest {
    @Provide
    Arbitrary<Operation> operations() {
        return Arbitraries.of(Operation.all());
    }

    @Provide
    Arbitrary<Extents> extents() {
        Arbitrary<Integer> upTo3 = Arbitraries.integers().between(1, 3);
        return Combinators.combine(upTo3, upTo3, upTo3, upTo3, upTo3, upTo3, upTo3, upTo3)
                .as(Extents::new)
                .withoutEdgeCases();
    }

    @Property(tries = 600)
    void reverseModeAgreesWithDifferences(
            @ForAll("operations") Operation operation, @ForAll("extents") Extents extents, @ForAll long seed) {
        try (Backend backend = new NaiveBackend();
                Arena _ = backend.arena()) {
            Draw draw = new Draw(backend, extents, seed);
            check(operation, operation.draw(draw), draw);
        }
    }

    /// All 16 patterns, which the property meets only by chance.
    @Example
    void everyPatternOfBroadcasting() {
        for (Operation operation : Operation.all()) {
            if (!operation
                            .draw(new Draw(new NaiveBackend(), Extents.FIXED.get(1), 0))
                            .values()
                            .containsKey("in.y")
                    || !operation.name().startsWith("Pointwise.")) {
                continue;
            }
            IntStream.range(0, 16).forEach(mask -> {
                try (Backend backend = new NaiveBackend()) {
                    Draw draw = new Draw(backend, Extents.FIXED.get(1), mask);
                    Shape y = Shape.of(2, 3, 2, 3);
                    for (int axis = 0; axis < 4; axis++) {
                        y = (mask >> axis & 1) == 1 ? y.with(axis, 1) : y;
                    }
                    double[] divisor = draw.values(y).elements();
                    Arrays.setAll(divisor, i -> 2 + Math.abs(divisor[i]));
                    check(
                            operation,
                            new Case(
                                    Map.of(),
                                    Map.of("in.x", draw.values(Shape.of(2, 3, 2, 3)), "in.y", Values.of(y, divisor))),
                            draw);
                }
            });
        }
    }

    /// A rank of 0 to 5 for what has no axes of its own.
    @Example
    void everyRank() {
        for (int rank = 0; rank <= 5; rank++) {
            int[] dims = new int[rank];
            Arrays.fill(dims, 2);
            try (Backend backend = new NaiveBackend()) {
                Draw draw = new Draw(backend, Extents.FIXED.getFirst(), rank);
                Values x = draw.values(Shape.of(dims));
                for (String name : List.of("Pointwise.silu", "Pointwise.gelu", "Pointwise.scale", "Pointwise.add")) {
                    for (Operation operation : Operation.all()) {
                        if (operation.name().equals(name)) {
                            check(operation, new Case(Map.of(), Map.of("in.x", x, "in.y", x)), draw);
                        }
                    }
                }
            }
        }
    }

    @Example
    void noOperationIsForgotten() {
        Set<String> published = new TreeSet<>();
        for (Class<?> room :
                List.of(Pointwise.class, Rows.class, Tokens.class, Sums.class, Products.class, Layout.class)) {
            for (Method m : room.getDeclaredMethods()) {
                if (Modifier.isPublic(m.getModifiers()) && !m.isSynthetic()) {
                    published.add(room.getSimpleName() + "." + m.getName());
                }
            }
        }
        assertEquals(
                published,
                Operation.all().stream().map(Operation::name).collect(Collectors.toCollection(TreeSet::new)));
    }

    private static void check(Operation operation, Case arguments, Draw draw) {
        Map<String, Values> seeds = new TreeMap<>();
        Backward.forward(draw.backend(), operation.computation(), arguments)
                .forEach((name, y) -> seeds.put(name, draw.values(y.shape())));
        double error = GradientCheck.error(draw.backend(), operation.computation(), arguments, seeds, Set.of());
        assertTrue(error <= Strictness.DIFFERENCES.bound(draw.backend().dtype()), operation + ": " + error);
    }
}

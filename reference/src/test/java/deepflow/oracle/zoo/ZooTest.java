package deepflow.oracle.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The catalogue as such.
class ZooTest {
    @Test
    void namesAreUniqueAndFindTheirBugs() {
        Set<String> names = new HashSet<>();
        for (Bug bug : Zoo.all()) {
            assertTrue(bug.name().matches("[a-z0-9]+(-[a-z0-9]+)*"), bug.name());
            assertTrue(names.add(bug.name()), () -> bug.name() + " is there twice");
            assertEquals(bug, Zoo.of(bug.name()).orElseThrow());
        }
        assertTrue(Zoo.all().size() >= 45);
        assertEquals(names.size(), Zoo.names().size());
        assertTrue(Zoo.of("no such bug").isEmpty());
    }

    @Test
    void everyEquationAndEveryAreaHasABug() {
        Set<Integer> equations = new TreeSet<>();
        Zoo.all().forEach(bug -> equations.addAll(bug.equations()));
        assertEquals(IntStream.rangeClosed(1, 10).boxed().collect(Collectors.toSet()), equations);
        Set<Bug.Area> areas = Zoo.all().stream().map(Bug::area).collect(Collectors.toSet());
        assertEquals(Set.of(Bug.Area.values()), areas);
    }

    @Test
    void everyBugIsASentenceAndAPlaceToLook() {
        for (Bug bug : Zoo.all()) {
            assertTrue(bug.says().endsWith("."), bug.name());
            assertFalse(bug.look().isBlank() || bug.look().endsWith("."), bug.name());
        }
    }
}

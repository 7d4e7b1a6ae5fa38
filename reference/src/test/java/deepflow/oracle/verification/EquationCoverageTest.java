package deepflow.oracle.verification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import deepflow.equation.Equation;
import deepflow.report.VerificationReport;
import deepflow.tensor.Backend;
import deepflow.tensor.NaiveBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// No equation goes without evidence, and the page about them says what the code does.
class EquationCoverageTest {
    private static final Path PAGE = Path.of("../docs/equations.md");

    /// Classes of `deepflow.equation` that carry `@Equation`, with their numbers.
    private static Map<String, List<Integer>> annotated() {
        return new ClassFileImporter()
                .importPackages("deepflow.equation").stream()
                        .filter(c -> c.isAnnotatedWith(Equation.class))
                        .collect(Collectors.toMap(JavaClass::getSimpleName, EquationCoverageTest::numbers));
    }

    private static List<Integer> numbers(JavaClass c) {
        return Arrays.stream(c.getAnnotationOfType(Equation.class).value())
                .boxed()
                .toList();
    }

    @Test
    void theNumbersOneToTenAreEachComputedOnce() {
        List<Integer> all =
                annotated().values().stream().flatMap(List::stream).sorted().toList();
        assertEquals(IntStream.rangeClosed(1, 10).boxed().toList(), all);
    }

    @Test
    void everyEquationHasChecksOfItsNumbers() {
        Map<String, List<Integer>> checked = EquationChecks.ALL.stream()
                .filter(c -> !c.numbers().isEmpty())
                .collect(Collectors.toMap(c -> c.subject().getSimpleName(), EquationChecks::numbers));
        assertEquals(new TreeMap<>(annotated()), new TreeMap<>(checked));
    }

    @Test
    void everyEquationHasVectorsAGradientCheckAndALaw() {
        for (EquationChecks checks : EquationChecks.ALL) {
            String who = checks.subject().getSimpleName();
            VectorFile file = VectorFile.read(VerificationTest.VECTORS.resolve(checks.file()));
            assertTrue(file.cases().size() >= 4, who + " has " + file.cases().size() + " cases");
            file.cases().forEach((name, v) -> {
                assertFalse(v.outputs().isEmpty(), who + ": " + name);
                assertFalse(v.gradients().isEmpty(), who + ": " + name);
            });
            assertFalse(checks.laws().isEmpty(), who);
            try (Backend backend = new NaiveBackend()) {
                Set<Evidence.Kind> kinds =
                        Verification.run(backend, VerificationTest.VECTORS, checks).evidence().stream()
                                .map(Evidence::kind)
                                .collect(Collectors.toSet());
                assertEquals(Set.of(Evidence.Kind.values()), kinds, who);
            }
        }
    }

    @Test
    void noFileOfVectorsIsLeftOver() throws IOException {
        try (Stream<Path> files = Files.list(VerificationTest.VECTORS)) {
            assertEquals(
                    EquationChecks.ALL.stream().map(EquationChecks::file).collect(Collectors.toSet()),
                    files.map(f -> f.getFileName().toString()).collect(Collectors.toSet()));
        }
    }

    @Test
    void namesOfLawsAreAsciiFitTheTableAndAreUniqueInTheirEquation() {
        for (EquationChecks checks : EquationChecks.ALL) {
            Set<String> seen = new HashSet<>();
            for (Law law : checks.laws()) {
                assertTrue(law.name().matches("\\p{ASCII}{1," + VerificationReport.NAME_WIDTH + "}"), law.name());
                assertTrue(seen.add(law.name()), law.name());
            }
        }
    }

    /// Each section of the page links its class and lists the laws that are checked, and no others.
    @Test
    void thePageAgreesWithTheCode() throws IOException {
        List<String> sections = List.of(Files.readString(PAGE).split("\n## ", -1));
        for (EquationChecks checks : EquationChecks.ALL) {
            String link =
                    "reference/src/main/java/" + checks.subject().getName().replace('.', '/') + ".java";
            List<String> about = sections.stream()
                    .filter(s -> s.contains("Class: [" + checks.subject().getSimpleName() + "](../" + link + ")"))
                    .toList();
            assertEquals(1, about.size(), "sections of the page for " + checks.subject());
            String section = about.getFirst();
            String title = section.lines().findFirst().orElseThrow();
            List<Integer> numbers = Pattern.compile("[0-9]+")
                    .matcher(title.substring(0, title.indexOf(':')))
                    .results()
                    .map(m -> Integer.valueOf(m.group()))
                    .toList();
            assertEquals(checks.numbers(), numbers, title);
            Set<String> laws = Pattern.compile("(?m)^- `([^`]*)`")
                    .matcher(section)
                    .results()
                    .map(m -> m.group(1))
                    .collect(Collectors.toSet());
            assertEquals(checks.laws().stream().map(Law::name).collect(Collectors.toSet()), laws, title);
        }
    }

    @Test
    void thePagesLinksLeadSomewhere() throws IOException {
        Matcher link = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(Files.readString(PAGE));
        while (link.find()) {
            assertTrue(Files.exists(PAGE.resolveSibling(link.group(1))), link.group(1));
        }
    }
}
